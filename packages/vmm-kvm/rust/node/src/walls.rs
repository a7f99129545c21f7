//! Machines and snapshots with either wall around them: in this process, or each in a worker process.

use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use twinwall_abi::ErrorCode;
use twinwall_vmm_kvm::{
    AbortHandle, BootOptions, Call, CallError, Host, Image, Limits, Output, SavedState, Statistics,
};
use twinwall_walled::{Program, WalledImage};

/// A machine.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "the large one is the one whose calls must not cost more")]
pub(crate) enum Machine {
    /// In this process.
    Here(twinwall_vmm_kvm::Machine),
    /// In a worker process.
    Walled(twinwall_walled::Machine),
}

/// Calls a method that both have.
macro_rules! either {
    ($machine:expr, $method:ident($($argument:expr),*)) => {
        match $machine {
            Machine::Here(machine) => machine.$method($($argument),*),
            Machine::Walled(machine) => machine.$method($($argument),*),
        }
    };
}

impl Machine {
    pub(crate) fn configure(&mut self, limits: Limits) {
        either!(self, configure(limits));
    }

    pub(crate) fn limits(&self) -> Limits {
        either!(self, limits())
    }

    pub(crate) fn statistics(&self) -> Statistics {
        either!(self, statistics())
    }

    pub(crate) fn is_spent(&self) -> bool {
        either!(self, is_spent())
    }

    pub(crate) fn renew(&mut self) -> Result<(), CallError> {
        either!(self, renew())
    }

    pub(crate) fn replace(&mut self) -> Result<(), CallError> {
        either!(self, replace())
    }

    pub(crate) fn retire(self) {
        either!(self, retire());
    }

    pub(crate) fn unrestored_bytes(&self) -> u64 {
        either!(self, unrestored_bytes())
    }

    pub(crate) fn restore(&mut self) {
        either!(self, restore());
    }

    pub(crate) fn save(&mut self) -> Result<SavedState, CallError> {
        either!(self, save())
    }

    pub(crate) fn take_output(&mut self) -> Vec<u8> {
        either!(self, take_output())
    }

    #[inline]
    pub(crate) fn call(
        &mut self,
        call: &Call<'_>,
        host: &mut dyn Host,
        output: &mut dyn Output,
    ) -> Result<usize, CallError> {
        either!(self, call(call, host, output))
    }

    pub(crate) fn call_abortable(
        &mut self,
        call: &Call<'_>,
        host: &mut dyn Host,
        output: &mut dyn Output,
        abort: &AbortHandle,
    ) -> Result<usize, CallError> {
        either!(self, call_abortable(call, host, output, abort))
    }

    pub(crate) fn count_instructions(
        &mut self,
        call: &Call<'_>,
        host: &mut dyn Host,
    ) -> Result<u64, CallError> {
        match self {
            Self::Here(machine) => machine.count_instructions(call, host),
            Self::Walled(_) => Err(CallError::new(
                ErrorCode::Unsupported,
                "a machine in a worker process does not count its instructions",
            )),
        }
    }

    /// Whether it runs in this process, where a call can be made to leave its guest for others.
    pub(crate) fn is_here(&self) -> bool {
        matches!(self, Self::Here(_))
    }

    /// Number of its worker process, while it has one.
    pub(crate) fn process(&self) -> Option<u32> {
        match self {
            Self::Here(_) => None,
            Self::Walled(machine) => machine.process(),
        }
    }
}

/// A snapshot.
#[derive(Clone, Debug)]
pub(crate) enum Snapshot {
    /// Its machines are in this process.
    Here(Arc<twinwall_vmm_kvm::Snapshot>),
    /// Its machines are in worker processes.
    Walled(Arc<twinwall_walled::Snapshot>),
}

impl Snapshot {
    pub(crate) fn boot(
        elf: &[u8],
        options: &BootOptions<'_>,
        host: &mut dyn Host,
        walled: bool,
    ) -> Result<Self, CallError> {
        if walled {
            let (program, image) = (program()?, walled_image(elf)?);
            return twinwall_walled::Snapshot::boot(program, image, options, host).map(Self::Walled);
        }
        twinwall_vmm_kvm::Snapshot::boot(shared_image(elf)?, options, host).map(Self::Here)
    }

    pub(crate) fn load(
        elf: &[u8],
        attachments: &[(&[u8], bool)],
        limits: Limits,
        recycle: bool,
        state: &SavedState,
        walled: bool,
    ) -> Result<Self, CallError> {
        if walled {
            let (program, image) = (program()?, walled_image(elf)?);
            let loaded = twinwall_walled::Snapshot::load(program, image, attachments, limits, recycle, state);
            return loaded.map(Self::Walled);
        }
        let image = shared_image(elf)?;
        twinwall_vmm_kvm::Snapshot::load(image, attachments, limits, recycle, state).map(Self::Here)
    }

    pub(crate) fn save(&self) -> Result<SavedState, CallError> {
        match self {
            Self::Here(snapshot) => Ok(snapshot.save()),
            Self::Walled(snapshot) => snapshot.save(),
        }
    }

    pub(crate) fn writable_bytes(&self) -> u64 {
        match self {
            Self::Here(snapshot) => snapshot.writable_bytes(),
            Self::Walled(snapshot) => snapshot.writable_bytes(),
        }
    }

    pub(crate) fn machine(&self) -> Result<Machine, CallError> {
        match self {
            Self::Here(snapshot) => Ok(Machine::Here(snapshot.machine()?)),
            Self::Walled(snapshot) => snapshot.machine().map(Machine::Walled),
        }
    }
}

/// Takes over the program that workers run, and tests it, once for the process. Returns what the test found.
pub(crate) fn open_walled(path: &str) -> Result<String, CallError> {
    static TESTED: Mutex<Option<String>> = Mutex::new(None);
    let mut tested = TESTED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = &*tested {
        return Ok(found.clone());
    }
    let missing = |error| {
        let text =
            format!("the process wall cannot be had: the worker program {path} is not there ({error})");
        CallError::new(ErrorCode::NoMachine, text)
    };
    let program = std::fs::read(path).and_then(|bytes| Program::new(&bytes)).map_err(missing)?;
    let found = twinwall_walled::check(&program)?;
    // Nobody else sets it while the lock is held.
    let _ = PROGRAM.set(Arc::new(program));
    Ok(tested.insert(found).clone())
}

static PROGRAM: OnceLock<Arc<Program>> = OnceLock::new();

fn program() -> Result<Arc<Program>, CallError> {
    let missing = || CallError::new(ErrorCode::Internal, "the process wall was not opened");
    PROGRAM.get().cloned().ok_or_else(missing)
}

/// Images that are in use, with their files: sandboxes of one process share the read-only memory of equal images.
static IMAGES: Mutex<Vec<(Vec<u8>, Weak<Image>)>> = Mutex::new(Vec::new());

fn shared_image(elf: &[u8]) -> Result<Arc<Image>, CallError> {
    let mut images = IMAGES.lock().unwrap_or_else(PoisonError::into_inner);
    images.retain(|(_, image)| image.strong_count() > 0);
    let found = images.iter().find(|(file, _)| file == elf).and_then(|(_, image)| image.upgrade());
    if let Some(image) = found {
        return Ok(image);
    }
    let image = Arc::new(Image::load(elf)?);
    images.push((elf.to_vec(), Arc::downgrade(&image)));
    Ok(image)
}

/// Those of them that workers load.
static WALLED_IMAGES: Mutex<Vec<Weak<WalledImage>>> = Mutex::new(Vec::new());

fn walled_image(elf: &[u8]) -> Result<Arc<WalledImage>, CallError> {
    let image = shared_image(elf)?;
    let mut images = WALLED_IMAGES.lock().unwrap_or_else(PoisonError::into_inner);
    images.retain(|walled| walled.strong_count() > 0);
    let found = images.iter().filter_map(Weak::upgrade).find(|walled| walled.is_of(&image));
    if let Some(walled) = found {
        return Ok(walled);
    }
    let walled = Arc::new(WalledImage::new(image, elf)?);
    images.push(Arc::downgrade(&walled));
    Ok(walled)
}
