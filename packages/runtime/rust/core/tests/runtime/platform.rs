//! A machine made of a thread: its gate is a pair of channels, its pages open by `mprotect`.

use std::cell::{Cell, RefCell};
use std::panic::resume_unwind;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};
use std::thread;

use twinwall_abi::GateOperation;
use twinwall_image_support::{Gate, Mailbox};
use twinwall_runtime_core::{LinearMemories, Platform};
use twinwall_tune::{Machine, cpu_feature};
use wasmtime::CustomCodeMemory;

use crate::pages::Pages;

/// Most linear memories of a test module.
pub(crate) const MEMORIES: usize = 3;

/// Address space of each.
pub(crate) const MEMORY_STRIDE: usize = 256 << 20;

/// What the guest's thread knows of its machine.
pub(crate) struct Inside {
    pub(crate) mailbox: usize,
    pub(crate) memories: usize,
    pub(crate) left: Sender<()>,
    pub(crate) entered: Receiver<()>,
}

thread_local! {
    static INSIDE: RefCell<Option<Inside>> = const { RefCell::new(None) };
    static WASMTIME_STATE: Cell<*mut u8> = const { Cell::new(ptr::null_mut()) };
}

/// Makes the current thread the guest of a machine.
pub(crate) fn become_guest(inside: Inside) {
    INSIDE.set(Some(inside));
}

fn inside<T>(look: impl FnOnce(&Inside) -> T) -> T {
    INSIDE.with_borrow(|inside| look(inside.as_ref().expect("only guests leave")))
}

/// The machine that runs the tests.
pub(crate) struct Native;

/// Thrown through the parked guest when its machine is dropped.
pub(crate) struct Dropped;

impl Gate for Native {
    fn mailbox() -> Mailbox {
        let base = NonNull::new(inside(|inside| inside.mailbox) as *mut u8).expect("a page");
        // SAFETY: the machine keeps the page for as long as its guest runs, and touches it only while it is outside.
        unsafe { Mailbox::new(base) }
    }

    fn leave() {
        let goes_on = inside(|inside| {
            // A host that is gone has dropped both ends.
            inside.left.send(()).is_ok() && inside.entered.recv().is_ok()
        });
        if goes_on {
            return;
        }
        if between_calls() {
            resume_unwind(Box::new(Dropped));
        }
        // WebAssembly frames are on the stack, and nothing can unwind them from here: a test failed meanwhile.
        loop {
            thread::park();
        }
    }
}

fn between_calls() -> bool {
    // SAFETY: the page outlives the guest, and the host is gone.
    let operation = unsafe {
        ((inside(|inside| inside.mailbox) + twinwall_abi::mailbox::REPORT_OFFSET) as *const u32).read()
    };
    [GateOperation::Ready.0, GateOperation::Done.0].contains(&operation)
}

impl Platform for Native {
    const MACHINE: Machine = Machine::Kvm;
    const WASM_STACK: usize = 512 << 10;

    fn ticks() -> u64 {
        // SAFETY: the instruction has no precondition in user mode on Linux.
        unsafe { core::arch::x86_64::_rdtsc() }
    }

    fn has_cpu_feature(name: &str) -> Option<bool> {
        let feature = cpu_feature(name)?;
        let result = core::arch::x86_64::__cpuid_count(feature.leaf, 0);
        Some(feature.is_set(result.ebx, result.ecx))
    }

    fn code_memory() -> Option<Arc<dyn CustomCodeMemory>> {
        Some(Arc::new(Attached))
    }

    fn linear_memories() -> Option<LinearMemories> {
        let base = NonNull::new(inside(|inside| inside.memories) as *mut u8)?;
        Some(LinearMemories { base, stride: MEMORY_STRIDE, count: MEMORIES })
    }
}

/// Modules are attached readable and executable.
struct Attached;

impl CustomCodeMemory for Attached {
    fn required_alignment(&self) -> usize {
        Pages::SIZE
    }

    fn publish_executable(&self, _start: *const u8, _length: usize) -> wasmtime::Result<()> {
        Ok(())
    }

    fn unpublish_executable(&self, _start: *const u8, _length: usize) -> wasmtime::Result<()> {
        Ok(())
    }
}

// SAFETY: wasmtime declares a function of this name and type and leaves it to the platform.
#[unsafe(no_mangle)]
extern "C" fn wasmtime_tls_get(_slot: usize) -> *mut u8 {
    WASMTIME_STATE.get()
}

// SAFETY: as above.
#[unsafe(no_mangle)]
extern "C" fn wasmtime_tls_set(_slot: usize, state: *mut u8) {
    WASMTIME_STATE.set(state);
}
