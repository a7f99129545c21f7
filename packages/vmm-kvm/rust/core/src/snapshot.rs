//! Snapshots: an image booted once, and machines that start where it was ready.

use std::sync::{Arc, Mutex, PoisonError};

use twinwall_abi::layout::{INPUT, MAILBOX, OUTBOX, OUTPUT, PAGE, STACK_TOP};
use twinwall_abi::{CallKind, ErrorCode, FUEL_UNLIMITED, ImageHeader, Request, Seed};

use crate::attachment::Attachments;
use crate::clock;
use crate::contents::Contents;
use crate::cpu;
use crate::error::{CallError, MachineError};
use crate::host::Host;
use crate::image::Image;
use crate::machine::{Core, Exchange, Hypervisor, Limits, Machine, Shared, Statistics, Stop, base_request};
use crate::plan::{Plan, Range, boot_ranges};
use crate::saved::{SavedRun, SavedState};

/// Largest snapshot: every machine made from it copies that much.
pub(crate) const MAX_BYTES: u64 = 4 << 30;
/// Machines kept for reuse.
const IDLE_MACHINES: usize = 8;

/// How to boot an image.
#[derive(Clone, Copy, Debug, Default)]
pub struct BootOptions<'a> {
    /// Bytes for the input area at boot.
    pub input: &'a [u8],
    /// Read-only attachments, and whether each is executable.
    pub attachments: &'a [(&'a [u8], bool)],
    /// Limits of the boot itself, and of later calls until changed.
    pub limits: Limits,
    /// The same seed for boot and every call, instead of fresh ones.
    pub fixed_seed: Option<[u8; 32]>,
    /// Whether virtual machines are reused for later machines of this snapshot.
    pub recycle: bool,
}

/// The state of a ready image: every writable byte, and the registers.
#[derive(Debug)]
pub struct Snapshot {
    hypervisor: &'static Hypervisor,
    shared: Shared,
    plan: Plan,
    contents: Contents,
    limits: Limits,
    fixed_seed: Option<[u8; 32]>,
    tick_scale: u64,
    idle: Option<Mutex<Vec<Core>>>,
}

impl Snapshot {
    /// Boots `image` in a machine of its own, and keeps what it is when it is ready.
    ///
    /// # Errors
    /// [`CallError`] when KVM refuses ([`ErrorCode::Internal`]), when the image reports that it cannot start, or when
    /// it breaks the contract or a limit.
    pub fn boot(
        image: Arc<Image>,
        options: &BootOptions<'_>,
        host: &mut dyn Host,
    ) -> Result<Arc<Self>, CallError> {
        Self::boot_guarded(image, options, host, || Ok(()))
    }

    /// As [`Self::boot`], and `before_entry` runs when the virtual machine is there and its guest has not been entered: the
    /// process may give up rights then that only making machines takes.
    ///
    /// # Errors
    /// As [`Self::boot`], and what `before_entry` gives; the guest is not entered then.
    pub fn boot_guarded(
        image: Arc<Image>,
        options: &BootOptions<'_>,
        host: &mut dyn Host,
        before_entry: impl FnOnce() -> Result<(), CallError>,
    ) -> Result<Arc<Self>, CallError> {
        let hypervisor = Hypervisor::get()?;
        let limits = options.limits;
        let shared = Shared { image, attachments: Arc::new(Attachments::new(options.attachments)?) };
        let growth = limits.most_opened();
        let registers = cpu::entry_registers(shared.image.entry);
        let plan =
            Plan::new(&shared.image, &shared.attachments, boot_ranges(&shared.image), growth, registers)?;
        let contents = boot_contents(&plan, &shared.image);
        let mut core = Core::create(hypervisor, shared.clone(), &plan, &contents)?;
        let tick_scale = tick_scale(core.vm.tsc_khz());
        before_entry()?;
        run_boot(&mut core, options, tick_scale, host)?;
        let registers = cpu::resume_registers(&core.vm.registers(), shared.image.header.resume());
        let runs = trim(merge(core.capture(&plan))?, &shared.image.header, registers.rsp);
        let ranges = runs.iter().map(|(range, _)| *range).collect();
        let plan = Plan::new(&shared.image, &shared.attachments, ranges, growth, registers)?;
        let contents = Contents::new(arrange(&plan, &runs));
        Ok(Arc::new(Self {
            hypervisor,
            shared,
            plan,
            contents,
            limits,
            fixed_seed: options.fixed_seed,
            tick_scale,
            idle: options.recycle.then(|| Mutex::new(Vec::new())),
        }))
    }

    /// Takes over the state of a guest of this image and these attachments that [was saved](Self::save), without a boot.
    ///
    /// # Errors
    /// [`ErrorCode::BadSnapshot`] for a state that no such guest can have; [`ErrorCode::Internal`] when KVM refuses.
    pub fn load(
        image: Arc<Image>,
        attachments: &[(&[u8], bool)],
        limits: Limits,
        recycle: bool,
        state: &SavedState,
    ) -> Result<Arc<Self>, CallError> {
        let hypervisor = Hypervisor::get()?;
        let budget = limits.most_opened();
        let (ranges, own) = state.ranges(&image, budget.min(MAX_BYTES))?;
        let shared = Shared { image, attachments: Arc::new(Attachments::new(attachments)?) };
        let registers = cpu::resume_registers(&state.parked(), shared.image.header.resume());
        // What it has already is part of what it may have.
        let plan = Plan::new(&shared.image, &shared.attachments, ranges, budget - own, registers)?;
        let runs: Vec<_> = state.runs.iter().map(SavedRun::placed).collect();
        let contents = Contents::new(arrange(&plan, &runs));
        let core = Core::create(hypervisor, shared.clone(), &plan, contents.bytes())?;
        let tick_scale = tick_scale(core.vm.tsc_khz());
        // The machine that was made to see whether one can be made is the first one's.
        let idle = recycle.then(|| Mutex::new(vec![core]));
        Ok(Arc::new(Self { hypervisor, shared, plan, contents, limits, fixed_seed: None, tick_scale, idle }))
    }

    /// The state that machines start from.
    #[must_use]
    pub fn save(&self) -> SavedState {
        let bytes = self.contents.bytes();
        let placed = self.plan.placed.iter().map(|placed| {
            let from = (placed.offset - self.plan.base) as usize;
            (placed.range, bytes[from..from + placed.range.length as usize].to_vec())
        });
        let mut runs: Vec<_> = placed.collect();
        runs.sort_by_key(|(range, _)| range.address);
        SavedState::new(&self.plan.registers, join(runs))
    }

    /// The state of a machine of this snapshot that stands at its gate.
    pub(crate) fn save_core(&self, core: &Core) -> Result<SavedState, CallError> {
        let registers = core.vm.general_registers()?;
        let runs = trim(merge(core.capture(&self.plan))?, &self.shared.image.header, registers.rsp);
        Ok(SavedState::new(&registers, runs))
    }

    /// Bytes that each machine can write from the start: what a restore copies.
    #[must_use]
    pub fn writable_bytes(&self) -> u64 {
        self.plan.base_bytes
    }

    /// A machine that starts from this snapshot.
    ///
    /// # Errors
    /// [`MachineError`] when the host has no memory or no virtual machine left.
    pub fn machine(self: &Arc<Self>) -> Result<Machine, MachineError> {
        let core = match self.take_idle() {
            Some(core) => core,
            None => self.create()?,
        };
        Ok(Machine::new(Arc::clone(self), core, self.limits, self.fixed_seed))
    }

    pub(crate) fn create(&self) -> Result<Core, MachineError> {
        Core::create(self.hypervisor, self.shared.clone(), &self.plan, self.contents.bytes())
    }

    pub(crate) fn contents(&self) -> &Contents {
        &self.contents
    }

    pub(crate) fn request(&self, limits: &Limits, kind: CallKind, now: u64, seed: &Seed) -> Request {
        base_request(limits, kind, now, self.tick_scale, seed)
    }

    fn take_idle(&self) -> Option<Core> {
        self.idle.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Keeps a restored virtual machine for a later [`Self::machine`].
    pub(crate) fn recycle(&self, core: Core) {
        let Some(idle) = &self.idle else { return };
        let mut idle = idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_MACHINES {
            idle.push(core);
        }
    }
}

fn boot_contents(plan: &Plan, image: &Image) -> Vec<u8> {
    let mut contents = vec![0; plan.base_bytes as usize];
    let writable = plan.placed.iter().find(|placed| placed.range.address == image.writable.address);
    if let Some(placed) = writable {
        let from = (placed.offset - plan.base) as usize;
        contents[from..from + image.writable.contents.len()].copy_from_slice(&image.writable.contents);
    }
    contents
}

fn run_boot(
    core: &mut Core,
    options: &BootOptions<'_>,
    tick_scale: u64,
    host: &mut dyn Host,
) -> Result<(), CallError> {
    let limits =
        Limits { input_bytes: options.limits.input_bytes.max(options.input.len() as u64), ..options.limits };
    let mut seed = options.fixed_seed.unwrap_or([0; 32]);
    if options.fixed_seed.is_none() {
        use rand_core::TryRngCore;
        let failed = |_| CallError::new(ErrorCode::Internal, "the host has no random numbers");
        rand_core::OsRng.try_fill_bytes(&mut seed).map_err(failed)?;
    }
    let now = clock::now();
    let mut request = base_request(&limits, CallKind::Boot, now, tick_scale, &Seed::new(&seed));
    request.set_input_length(options.input.len() as u64);
    // What runs before the snapshot is bounded by the deadline alone.
    request.set_fuel(FUEL_UNLIMITED);
    core.vm.watch(true);
    let mut statistics = Statistics::default();
    let mut exchange = Exchange::new(core, &limits, host, &mut statistics, now);
    exchange.boot(request, options.input).map_err(|stop| match stop {
        Stop::Failed(error) | Stop::Poisoned(error) => error,
    })
}

/// Merges runs, which come in address order, where they touch.
///
/// # Errors
/// When they are too large for a snapshot.
fn merge(runs: Vec<(Range, Vec<u8>)>) -> Result<Vec<(Range, Vec<u8>)>, MachineError> {
    let total: u64 = runs.iter().map(|(range, _)| range.length).sum();
    if total > MAX_BYTES {
        return Err(MachineError::Layout("the snapshot is larger than 4 GiB"));
    }
    Ok(join(runs))
}

fn join(runs: Vec<(Range, Vec<u8>)>) -> Vec<(Range, Vec<u8>)> {
    let mut merged: Vec<(Range, Vec<u8>)> = Vec::new();
    for (range, bytes) in runs {
        match merged.last_mut() {
            Some((last, contents)) if last.address + last.length == range.address => {
                last.length += range.length;
                contents.extend(bytes);
            }
            _ => merged.push((range, bytes)),
        }
    }
    merged
}

/// Bytes below the stack pointer that belong to the running function (System V ABI).
const RED_ZONE: u64 = 128;

/// Leaves out what the boot needed and no call can see: what lies below the stack pointer, what the mailbox held, and
/// pages of both that were opened on the way. They would only make each restore dearer.
fn trim(runs: Vec<(Range, Vec<u8>)>, header: &ImageHeader, stack_pointer: u64) -> Vec<(Range, Vec<u8>)> {
    let live = stack_pointer.saturating_sub(RED_ZONE) / PAGE * PAGE;
    runs.into_iter()
        .map(|(range, mut bytes)| match range.address {
            MAILBOX | OUTBOX => (range, vec![0; bytes.len()]),
            INPUT => zeros(INPUT, header.input_bytes()),
            OUTPUT => zeros(OUTPUT, header.output_bytes()),
            _ if range.address + range.length == STACK_TOP => {
                let bottom = live.min(STACK_TOP - header.stack_bytes()).max(range.address);
                bytes.drain(..(bottom - range.address) as usize);
                let dead = stack_pointer.saturating_sub(RED_ZONE).clamp(bottom, STACK_TOP) - bottom;
                bytes[..dead as usize].fill(0);
                (Range { address: bottom, length: STACK_TOP - bottom }, bytes)
            }
            _ => (range, bytes),
        })
        .filter(|(range, _)| range.length > 0)
        .collect()
}

fn zeros(address: u64, length: u64) -> (Range, Vec<u8>) {
    (Range { address, length }, vec![0; length as usize])
}

/// Puts the bytes of each range where the plan places it.
fn arrange(plan: &Plan, runs: &[(Range, Vec<u8>)]) -> Vec<u8> {
    let mut contents = vec![0; plan.base_bytes as usize];
    for placed in &plan.placed {
        let found = runs.iter().find(|(range, _)| {
            range.address <= placed.range.address
                && placed.range.address + placed.range.length <= range.address + range.length
        });
        let Some((range, bytes)) = found else { continue };
        let skip = (placed.range.address - range.address) as usize;
        let length = placed.range.length as usize;
        let from = (placed.offset - plan.base) as usize;
        contents[from..from + length].copy_from_slice(&bytes[skip..skip + length]);
    }
    contents
}

/// Nanoseconds per TSC tick, 32.32 fixed point. Where the kernel does not know the frequency, it is measured.
fn tick_scale(khz: Option<u32>) -> u64 {
    let khz = khz.map_or_else(measure_khz, u64::from);
    ((1_000_000_u128 << 32) / u128::from(khz.max(1))) as u64
}

fn measure_khz() -> u64 {
    let ticks = || {
        // SAFETY: every x86-64 processor has a time-stamp counter, and user code may read it.
        unsafe { core::arch::x86_64::_rdtsc() }
    };
    let (started, first) = (std::time::Instant::now(), ticks());
    std::thread::sleep(std::time::Duration::from_millis(20));
    let elapsed = started.elapsed().as_micros().max(1) as u64;
    ticks().wrapping_sub(first) * 1000 / elapsed
}

#[cfg(test)]
impl Snapshot {
    /// Read-only memory that all machines of the image share.
    pub(crate) fn image_bytes(&self) -> &[u8] {
        self.shared.image.memory.slice()
    }

    pub(crate) fn idle_machines(&self) -> usize {
        self.idle.as_ref().map_or(0, |idle| idle.lock().unwrap_or_else(PoisonError::into_inner).len())
    }
}
