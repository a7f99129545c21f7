//! A configuration that is being served.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};
use twinwall_abi::connection::{ON_DATA, ON_DATA_FUNCTION};
use twinwall_host::{
    CallError, CompiledModule, Entry, ErrorCode, Host, Image, LoadError, ModuleError, OpenError, Program,
    ProgramOptions, TimeLimit, show_text,
};

use crate::counters::{Counters, code_name};
use crate::envoy::abi::Level;
use crate::envoy::{self, Config, Direction};
use crate::guest::{LineBudget, Template, declarations};
use crate::options::{Directions, MachineChoice, Options, OptionsError, State};
use crate::workers::{Numbers, Workers};

/// The Wasm runtime's image.
static IMAGE: &[u8] = include_bytes!(env!("TWINWALL_IMAGE"));

/// Largest module file: a compiled module is mapped into each machine.
const LARGEST_MODULE: u64 = 512 << 20;

/// First bytes of an ELF file.
const ELF_MAGIC: &[u8] = b"\x7fELF";

/// Why a configuration is not served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServiceError {
    /// The configuration itself.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// The module file cannot be read.
    #[error("E_NO_FILE: module {path}: {source}")]
    Unreadable {
        /// Path, quoted.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The module file is larger than any module.
    #[error("E_BAD_MODULE: module {path}: it is no regular file of at most {LARGEST_MODULE} bytes")]
    Size {
        /// Path, quoted.
        path: String,
    },
    /// The module file is another one than was meant.
    #[error("E_BAD_MODULE: module {path}: its SHA-256 is {found}, and not {expected}")]
    Hash {
        /// Path, quoted.
        path: String,
        /// Of the file.
        found: String,
        /// Of the configuration.
        expected: String,
    },
    /// The module file is no compiled module.
    #[error("E_BAD_MODULE: {0}")]
    Module(#[from] ModuleError),
    /// The module file is no image.
    #[error("E_BAD_MODULE: native image: {0}")]
    Image(LoadError),
    /// There is no usable KVM.
    #[error("E_NO_MACHINE: {0}")]
    Machine(#[from] OpenError),
    /// The guest does not boot, or has no `on_data`.
    #[error("{}: {}", code_name(.0.code), show_text(&.0.message, 1000))]
    Guest(CallError),
    /// Envoy refuses a counter.
    #[error("E_INTERNAL: Envoy refuses a counter")]
    Counter,
}

/// A configuration that is being served: its guest, counters, and machines.
#[derive(Debug)]
pub(crate) struct Service {
    options: Options,
    counters: Counters,
    lines: LineBudget,
    workers: Arc<Workers>,
}

impl Service {
    /// Loads and boots what `options` name. `config` is Envoy's configuration that asks for it.
    pub(crate) fn new(config: Config, json: &[u8]) -> Result<Self, ServiceError> {
        let options = Options::parse(json)?;
        let template = template(&options)?;
        let counters = Counters::define(config, &options.counters).ok_or(ServiceError::Counter)?;
        let numbers = Numbers {
            workers: envoy::concurrency(),
            // What is only checked will serve nobody.
            warm: if envoy::is_validating() { 0 } else { options.warm },
            most: options.machines,
            long_lived: options.state == State::Connection,
        };
        warn_of_few_descriptors(&options, numbers);
        let workers = Arc::new(Workers::new(template, numbers).map_err(ServiceError::Guest)?);
        Ok(Self { options, counters, lines: LineBudget::new(), workers })
    }

    pub(crate) fn lines(&self) -> &LineBudget {
        &self.lines
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    pub(crate) fn workers(&self) -> &Arc<Workers> {
        &self.workers
    }

    /// Whether chunks of that direction go through the guest.
    pub(crate) fn processes(&self, direction: Direction) -> bool {
        match self.options.directions {
            Directions::Both => true,
            Directions::Read => direction == Direction::Read,
            Directions::Write => direction == Direction::Write,
        }
    }
}

/// Descriptors of a machine: the virtual machine and its processor.
const DESCRIPTORS: u64 = 2;

/// An Envoy without descriptors accepts no connection, whoever uses them.
fn warn_of_few_descriptors(options: &Options, numbers: Numbers) {
    let most = DESCRIPTORS * u64::from(numbers.workers) * options.machines as u64;
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the structure outlives the call.
    let known = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) } == 0;
    if known && options.machine == MachineChoice::Kvm && most > limit.rlim_cur {
        let text = format!(
            "twinwall: machines {} of {} workers may need {most} file descriptors, the limit is {}; lower machines or raise it",
            options.machines, numbers.workers, limit.rlim_cur
        );
        envoy::log(Level::Warn, &text);
    }
}

fn template(options: &Options) -> Result<Template, ServiceError> {
    match options.machine {
        MachineChoice::None => return Ok(Template::Pass),
        MachineChoice::Floor => {
            twinwall_host::open()?;
            return Ok(Template::Floor);
        }
        MachineChoice::Kvm => {}
    }
    let bytes = read_module(&options.module, &options.sha256)?;
    twinwall_host::open()?;
    let program_options = ProgramOptions {
        limits: options.limits,
        host_functions: declarations(),
        init: options.init.clone().into_bytes(),
        fixed_seed: None,
    };
    let (program, on_data) = if bytes.starts_with(ELF_MAGIC) {
        let image = Arc::new(Image::load(&bytes).map_err(ServiceError::Image)?);
        let program = Program::boot_native(image, &program_options, &mut BootHost);
        let program = program.map_err(ServiceError::Guest)?;
        let on_data = program.numbered_function(ON_DATA_FUNCTION);
        (program, on_data)
    } else {
        let module = CompiledModule::read(&bytes)?;
        let program = wasm_image()
            .and_then(|image| Program::boot(image, &module, &program_options, &mut BootHost))
            .map_err(ServiceError::Guest)?;
        let on_data = program.bytes_function(ON_DATA).map_err(ServiceError::Guest)?;
        (program, on_data)
    };
    Ok(Template::Guest { program, on_data, placement: options.placement })
}

/// The Wasm runtime's image, loaded once: all configurations share its read-only memory.
fn wasm_image() -> Result<Arc<Image>, CallError> {
    static LOADED: OnceLock<Result<Arc<Image>, String>> = OnceLock::new();
    let loaded = LOADED.get_or_init(|| Image::load(IMAGE).map(Arc::new).map_err(|error| error.to_string()));
    loaded.clone().map_err(|error| CallError::new(ErrorCode::Internal, error))
}

fn read_module(path: &Path, expected: &[u8; 32]) -> Result<Vec<u8>, ServiceError> {
    let shown = || show_text(&path.to_string_lossy(), 1000);
    let unreadable = |source| ServiceError::Unreadable { path: shown(), source };
    // Asked before it is opened: opening a pipe would wait for a writer.
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() || metadata.len() > LARGEST_MODULE {
        return Err(ServiceError::Size { path: shown() });
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(LARGEST_MODULE).read_to_end(&mut bytes).map_err(unreadable)?;
    let found: [u8; 32] = Sha256::digest(&bytes).into();
    if found != *expected {
        return Err(ServiceError::Hash { path: shown(), found: hex(&found), expected: hex(expected) });
    }
    Ok(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Serves a guest that boots: there is no connection yet, so nothing but its log.
struct BootHost;

impl Host for BootHost {
    fn call(&mut self, _function: u32, _arguments: &[u8], _limit: TimeLimit) -> Result<Vec<u8>, ErrorCode> {
        Err(ErrorCode::HostFunction)
    }

    fn record(&mut self, entry: Entry<'_>, _limit: TimeLimit) {
        let text = String::from_utf8_lossy(&entry.data[..entry.data.len().min(4096)]);
        let line = format!("twinwall: guest, while it starts: {}", show_text(&text, 1024));
        envoy::log(Level::Info, &line);
    }
}
