//! Programs: an image and what runs in it, booted once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use twinwall_abi::ErrorCode;
use twinwall_vmm_kvm::{BootOptions, CallError, Host, Image, Limits, Snapshot, attachment_addresses};

use crate::boot;
use crate::host_function::HostFunction;
use crate::instance::Instance;
use crate::module::{CompiledModule, Export, ExportKind};
use crate::text::show_text;

/// A boot has at least this long, whatever the deadline of calls.
const SHORTEST_BOOT: Duration = Duration::from_secs(1);

/// How to boot a program.
#[derive(Clone, Debug, Default)]
pub struct ProgramOptions {
    /// Limits of the boot and of calls. The memory limit is fixed with the boot; others can change, see
    /// [`Instance::configure`]. The deadline of the boot is a second at least.
    pub limits: Limits,
    /// Functions that the module may import as `twinwall` `NAME`.
    pub host_functions: Vec<HostFunction>,
    /// Given to the module's `twinwall_init`, where it exports one, before the snapshot.
    pub init: Vec<u8>,
    /// The same seed of random numbers for boot and every call, instead of fresh ones: for reproducible runs only.
    pub fixed_seed: Option<[u8; 32]>,
}

/// A bytes function of a program, for instances of that program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BytesFunction {
    /// Number of the program, of all in this process.
    pub(crate) program: u64,
    /// Its number in calls.
    pub(crate) index: u32,
}

/// An image with what runs in it, ready to be called. Clones share it.
#[derive(Clone, Debug)]
pub struct Program {
    number: u64,
    snapshot: Arc<Snapshot>,
    limits: Limits,
    /// Absent for a native image, whose functions have numbers only.
    exports: Option<Arc<[Export]>>,
}

impl Program {
    /// Boots the Wasm runtime's `image` with `module`: instantiates it, runs its `_initialize` and `twinwall_init`, and
    /// keeps what it is then. `host` serves what it calls meanwhile; the answers are part of the snapshot.
    ///
    /// # Errors
    /// [`CallError`] as the public API has them: [`ErrorCode::Import`] for an import that is not provided,
    /// [`ErrorCode::Memory`] when the module does not fit its limit, [`ErrorCode::Trap`] when its start traps,
    /// [`ErrorCode::BadModule`] when it counts fuel and none is limited or the other way round, [`ErrorCode::Internal`]
    /// when KVM refuses.
    pub fn boot(
        image: Arc<Image>,
        module: &CompiledModule,
        options: &ProgramOptions,
        host: &mut dyn Host,
    ) -> Result<Self, CallError> {
        check_fuel(module, options)?;
        let attachments = [(module.code(), true)];
        let too_large =
            || CallError::new(ErrorCode::BadModule, "the module is larger than its address range");
        let addresses = attachment_addresses(&[module.code().len()]).ok_or_else(too_large)?;
        let address = addresses.first().copied().ok_or_else(too_large)?;
        let input = boot::encode(module, address, options);
        let snapshot = boot_snapshot(image, &attachments, &input, options, host)?;
        Ok(Self::new(snapshot, options.limits, Some(module.exports().into())))
    }

    /// Boots a native image, which needs no module.
    ///
    /// # Errors
    /// [`CallError`] when the image does not start or KVM refuses.
    pub fn boot_native(
        image: Arc<Image>,
        options: &ProgramOptions,
        host: &mut dyn Host,
    ) -> Result<Self, CallError> {
        let snapshot = boot_snapshot(image, &[], &[], options, host)?;
        Ok(Self::new(snapshot, options.limits, None))
    }

    fn new(snapshot: Arc<Snapshot>, limits: Limits, exports: Option<Arc<[Export]>>) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        Self { number: NUMBER.fetch_add(1, Ordering::Relaxed), snapshot, limits, exports }
    }

    /// Looks up an exported function `(i32, i32) -> i64`.
    ///
    /// # Errors
    /// [`ErrorCode::NoFunction`] when there is none of that name, [`ErrorCode::Type`] when it has another type.
    pub fn bytes_function(&self, name: &str) -> Result<BytesFunction, CallError> {
        let shown = show_text(name, 200);
        let none = |text: &str| CallError::new(ErrorCode::NoFunction, format!("the {text} function {shown}"));
        let Some(exports) = &self.exports else { return Err(none("image is native and has no names:")) };
        let found = (0..).zip(exports.iter()).find(|(_, export)| export.name == name);
        match found {
            Some((index, Export { kind: ExportKind::BytesFunction, .. })) => {
                Ok(BytesFunction { program: self.number, index })
            }
            Some((_, Export { kind: ExportKind::OtherFunction, .. })) => Err(CallError::new(
                ErrorCode::Type,
                format!("function {shown} is no bytes function: it must have type (i32, i32) -> i64"),
            )),
            Some((_, Export { kind: ExportKind::Other, .. })) | None => Err(none("module exports no")),
        }
    }

    /// A function by number, as native images have them. What has no such function answers a call with
    /// [`ErrorCode::NoFunction`].
    #[must_use]
    pub fn numbered_function(&self, number: u32) -> BytesFunction {
        BytesFunction { program: self.number, index: number }
    }

    /// A machine that starts where the program was ready.
    ///
    /// # Errors
    /// [`CallError`] when the host has no memory or no virtual machine left.
    pub fn instance(&self) -> Result<Instance, CallError> {
        let mut machine = self.snapshot.machine()?;
        // It has those of the boot, whose deadline is longer.
        machine.configure(self.limits);
        Ok(Instance::new(machine, self.number))
    }

    /// Bytes that each instance can write from the start: what a restore copies.
    #[must_use]
    pub fn writable_bytes(&self) -> u64 {
        self.snapshot.writable_bytes()
    }
}

/// How a module was compiled has to fit how it is to run, in terms of the flag that made the difference.
fn check_fuel(module: &CompiledModule, options: &ProgramOptions) -> Result<(), CallError> {
    let text = match (module.has_fuel(), options.limits.fuel != u64::MAX) {
        (true, false) => {
            "it was compiled with --fuel, but limit fuel is off; set the limit, or compile it without --fuel"
        }
        (false, true) => "it was compiled without --fuel, but limit fuel is set; compile it with --fuel",
        _ => return Ok(()),
    };
    Err(CallError::new(ErrorCode::BadModule, format!("compiled module: {text}")))
}

fn boot_snapshot(
    image: Arc<Image>,
    attachments: &[(&[u8], bool)],
    input: &[u8],
    options: &ProgramOptions,
    host: &mut dyn Host,
) -> Result<Arc<Snapshot>, CallError> {
    let shortest = SHORTEST_BOOT.as_nanos() as u64;
    let limits = Limits { deadline: options.limits.deadline.max(shortest), ..options.limits };
    let booting = BootOptions {
        input,
        attachments,
        limits,
        fixed_seed: options.fixed_seed,
        // Instances are pooled by whoever holds them.
        recycle: false,
    };
    Snapshot::boot(image, &booting, host)
}
