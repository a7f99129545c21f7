//! A program whose functions tests call one by one, and the host that it runs on.

use std::borrow::Cow;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use twinwall_tune::{Machine, Profile, tune};
use wasmtime::{Config, Engine, Instance, Linker, Memory, Module, Store, Val};

use crate::compile::compile;
use crate::numbers::{READ_RIGHTS, SUCCESS};
use crate::platform;
use crate::signatures::{SIGNATURES, module_text};
use crate::wasi::{Exit, OutputStream, WasiHost, WasiState, define};

/// Where tests put things in the one page of memory.
pub(crate) const RESULT: u64 = 512;
pub(crate) const VECTORS: u64 = 768;
pub(crate) const PATH: u64 = 1024;
pub(crate) const SECOND_PATH: u64 = 6144;
pub(crate) const BUFFER: u64 = 16384;
/// The first address behind memory.
pub(crate) const END: u64 = 65536;

/// The wall clock when the monotonic clock is at zero.
pub(crate) const EPOCH: u64 = 1_700_000_000_000_000_000;

pub(crate) const FILES: &[(&str, &[u8])] = &[
    ("/hello.txt", b"hello, world\n"),
    ("/data/empty", b""),
    ("/data/numbers.txt", b"0123456789"),
    ("/data/deep/er/leaf", b"leaf"),
];

/// A host with clocks that move one nanosecond at each look.
pub(crate) struct Host {
    wasi: WasiState,
    pub(crate) monotonic: u64,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    /// An error for the next output.
    pub(crate) refuse_output: bool,
    pub(crate) random_calls: u8,
}

impl Host {
    pub(crate) fn new(files: &[(&str, &'static [u8])]) -> Self {
        let wasi = WasiState::new(files.iter().copied()).expect("the files make a tree");
        let (stdout, stderr) = (Vec::new(), Vec::new());
        Self { wasi, monotonic: 0, stdout, stderr, refuse_output: false, random_calls: 0 }
    }
}

impl WasiHost for Host {
    fn wasi(&mut self) -> &mut WasiState {
        &mut self.wasi
    }

    fn monotonic_nanoseconds(&mut self) -> u64 {
        self.monotonic += 1;
        self.monotonic
    }

    fn wall_clock_nanoseconds(&mut self) -> u64 {
        EPOCH + self.monotonic_nanoseconds()
    }

    fn fill_random(&mut self, bytes: &mut [u8]) {
        self.random_calls = self.random_calls.wrapping_add(1);
        bytes.fill(self.random_calls);
    }

    fn write_output(&mut self, stream: OutputStream, bytes: &[u8]) -> wasmtime::Result<()> {
        if self.refuse_output {
            return Err(wasmtime::Error::msg("the log is full"));
        }
        assert!(!bytes.is_empty(), "empty output is not worth a call");
        match stream {
            OutputStream::Stdout => self.stdout.extend_from_slice(bytes),
            OutputStream::Stderr => self.stderr.extend_from_slice(bytes),
        }
        Ok(())
    }

    /// Jumps: no test waits.
    fn wait_until(&mut self, due: u64) -> wasmtime::Result<()> {
        self.monotonic = self.monotonic.max(due.min(u64::MAX / 2));
        Ok(())
    }
}

/// wasmtime without std gives up where two threads want one of its locks, so tests take turns.
static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn engine() -> Engine {
    let mut config = Config::new();
    tune(&mut config, Profile { machine: Machine::Kvm, fuel: false });
    platform::configure(&mut config);
    Engine::new(&config).expect("an engine")
}

/// An instance with WASI, and its store.
pub(crate) struct Program {
    pub(crate) store: Store<Host>,
    instance: Instance,
    /// What the functions work on; a module need not export one.
    memory: Option<Memory>,
    // Last, so that it is dropped last.
    _turn: MutexGuard<'static, ()>,
}

impl Program {
    /// A program that does what the test says, on the files [`FILES`].
    pub(crate) fn new() -> Self {
        static CODE: OnceLock<Vec<u8>> = OnceLock::new();
        Self::load(CODE.get_or_init(|| compile(&wat::parse_str(module_text(1)).expect("good text"))), FILES)
    }

    /// The same with all the memory that a 32-bit program can have.
    pub(crate) fn with_largest_memory() -> Self {
        Self::load(&compile(&wat::parse_str(module_text(65536)).expect("good text")), FILES)
    }

    /// A program from wasmtime's form of a module.
    pub(crate) fn load(code: &[u8], files: &[(&str, &'static [u8])]) -> Self {
        let turn = turn();
        let engine = engine();
        // SAFETY: the bytes come from the compiler as they are.
        let module = unsafe { Module::deserialize(&engine, code) }.expect("the module loads");
        let mut linker = Linker::new(&engine);
        define(&mut linker).expect("the linker is empty");
        let mut store = Store::new(&engine, Host::new(files));
        let instance = linker.instantiate(&mut store, &module).expect("the module links");
        let memory = instance.get_memory(&mut store, "memory");
        Self { store, instance, memory, _turn: turn }
    }

    /// Starts a run.
    pub(crate) fn reset(&mut self, arguments: &[&str], environment: &[&str], stdin: &[u8]) {
        let stdin = Cow::Owned(stdin.to_vec());
        let (arguments, environment) = (arguments.iter().copied(), environment.iter().copied());
        self.host().wasi.reset(arguments, environment, stdin).expect("good arguments");
    }

    pub(crate) fn host(&mut self) -> &mut Host {
        self.store.data_mut()
    }

    /// Calls a function of the program; its error number, or what unwound it.
    pub(crate) fn try_call(&mut self, name: &str, arguments: &[u64]) -> wasmtime::Result<u32> {
        let (_, parameters, has_errno) =
            SIGNATURES.iter().find(|(candidate, ..)| *candidate == name).expect("a WASI function");
        assert_eq!(parameters.len(), arguments.len(), "{name}");
        let values: Vec<Val> = parameters
            .chars()
            .zip(arguments)
            .map(|(kind, value)| if kind == 'i' { Val::I32(*value as i32) } else { Val::I64(*value as i64) })
            .collect();
        let function = self.instance.get_func(&mut self.store, name).expect("an export");
        let mut results = vec![Val::I32(-1); usize::from(*has_errno)];
        function.call(&mut self.store, &values, &mut results)?;
        Ok(results.first().and_then(Val::i32).map_or(SUCCESS, i32::cast_unsigned))
    }

    /// Calls a function that must return; its error number.
    pub(crate) fn call(&mut self, name: &str, arguments: &[u64]) -> u32 {
        self.try_call(name, arguments).unwrap_or_else(|error| panic!("{name} unwinds: {error:#}"))
    }

    /// Runs `_start`; the exit status.
    pub(crate) fn start(&mut self) -> i32 {
        let start = self.instance.get_typed_func::<(), ()>(&mut self.store, "_start").expect("a command");
        match start.call(&mut self.store, ()) {
            Ok(()) => 0,
            Err(error) => match error.downcast_ref::<Exit>() {
                Some(Exit(status)) => *status,
                None => {
                    panic!("the program fails: {error:#}\n{}", String::from_utf8_lossy(&self.host().stderr))
                }
            },
        }
    }

    pub(crate) fn write(&mut self, address: u64, bytes: &[u8]) {
        let memory = self.memory.expect("the module exports its memory");
        memory.write(&mut self.store, address as usize, bytes).expect("an address in memory");
    }

    pub(crate) fn read(&self, address: u64, length: u64) -> Vec<u8> {
        let memory = self.memory.expect("the module exports its memory");
        memory.data(&self.store)[address as usize..][..length as usize].to_vec()
    }

    pub(crate) fn u32_at(&self, address: u64) -> u32 {
        u32::from_le_bytes(self.read(address, 4).try_into().expect("4 bytes"))
    }

    pub(crate) fn u64_at(&self, address: u64) -> u64 {
        u64::from_le_bytes(self.read(address, 8).try_into().expect("8 bytes"))
    }

    /// Writes vectors for these buffers to [`VECTORS`].
    pub(crate) fn vectors(&mut self, buffers: &[(u64, u64)]) {
        let words = buffers.iter().flat_map(|(pointer, length)| [*pointer as u32, *length as u32]);
        let bytes: Vec<u8> = words.flat_map(u32::to_le_bytes).collect();
        self.write(VECTORS, &bytes);
    }

    /// Writes `path` to [`PATH`] and calls a function that takes `fd, path, path_len` and then `rest`.
    pub(crate) fn call_path(&mut self, name: &str, fd: u64, path: &str, rest: &[u64]) -> u32 {
        self.write(PATH, path.as_bytes());
        let arguments = [&[fd, PATH, path.len() as u64], rest].concat();
        self.call(name, &arguments)
    }

    /// Opens `path` from the preopened root.
    pub(crate) fn open_with(&mut self, path: &str, oflags: u64, rights: u64) -> Result<u64, u32> {
        self.open_at(3, path, oflags, rights)
    }

    pub(crate) fn open_at(&mut self, fd: u64, path: &str, oflags: u64, rights: u64) -> Result<u64, u32> {
        self.write(PATH, path.as_bytes());
        let length = path.len() as u64;
        match self.call("path_open", &[fd, 1, PATH, length, oflags, rights, READ_RIGHTS, 0, RESULT]) {
            SUCCESS => Ok(u64::from(self.u32_at(RESULT))),
            errno => Err(errno),
        }
    }

    /// Opens `path` from the preopened root for reading.
    pub(crate) fn open(&mut self, path: &str) -> u64 {
        self.open_with(path, 0, READ_RIGHTS).unwrap_or_else(|errno| panic!("{path}: errno {errno}"))
    }

    /// Reads at most `length` bytes by `fd_read`.
    pub(crate) fn read_fd(&mut self, fd: u64, length: u64) -> Result<Vec<u8>, u32> {
        self.vectors(&[(BUFFER, length)]);
        match self.call("fd_read", &[fd, VECTORS, 1, RESULT]) {
            SUCCESS => Ok(self.read(BUFFER, u64::from(self.u32_at(RESULT)))),
            errno => Err(errno),
        }
    }
}
