//! The machine's own floors, for benchmarks: what no design on top of it can beat.

use std::sync::Arc;
use std::time::Instant;

use crate::attachment::Attachments;
use crate::error::{CallError, MachineError};
use crate::machine::{Core, Hypervisor, Shared, Vm};
use crate::memory::HostMemory;
use crate::plan::{Plan, boot_ranges};
use crate::{cpu, probe};

/// A machine that does nothing but leave by its gate: what a call costs at least, wherever it is made.
#[derive(Debug)]
pub struct Floor {
    core: Core,
}

impl Floor {
    /// Makes the machine.
    ///
    /// # Errors
    /// [`CallError`] when it cannot be made.
    pub fn new() -> Result<Self, CallError> {
        let image = probe::image()?;
        let attachments = Arc::new(Attachments::new(&[])?);
        let plan =
            Plan::new(&image, &attachments, boot_ranges(&image), 0, cpu::entry_registers(image.entry))?;
        let contents = vec![0; plan.base_bytes as usize];
        let shared = Shared { image, attachments };
        let mut core = Core::create(Hypervisor::get()?, shared, &plan, &contents)?;
        core.vm.watch_nothing();
        Ok(Self { core })
    }

    /// One bare round trip: `KVM_RUN`, a few instructions in ring 3, one `out`; nothing else.
    ///
    /// # Errors
    /// [`CallError`] when the machine leaves its loop.
    pub fn round_trip(&mut self) -> Result<(), CallError> {
        self.core.vm.run_bare().map_err(Into::into)
    }
}

/// Nanoseconds of `rounds` bare round trips ([`Floor::round_trip`]) in a loop.
///
/// # Errors
/// [`CallError`] when the machine cannot be made or leaves its loop.
pub fn measure_floor(rounds: usize) -> Result<Vec<f64>, CallError> {
    let mut floor = Floor::new()?;
    let mut times = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let started = Instant::now();
        floor.round_trip()?;
        times.push(started.elapsed().as_nanos() as f64);
    }
    Ok(times)
}

/// Nanoseconds of `rounds` creations and destructions of an empty virtual machine: a VM, one memslot, one vCPU.
///
/// # Errors
/// [`MachineError`] when KVM refuses.
pub fn measure_bare_machine(rounds: usize) -> Result<Vec<f64>, MachineError> {
    let hypervisor = Hypervisor::get()?;
    let memory = HostMemory::small(4096)?;
    let mut times = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let started = Instant::now();
        let mut vm = Vm::create(hypervisor)?;
        vm.add_memory(0, &memory, false)?;
        drop(vm);
        times.push(started.elapsed().as_nanos() as f64);
    }
    Ok(times)
}
