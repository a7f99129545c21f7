//! A component's view of WASI 0.2.

use std::borrow::Cow;

use super::functions::FUNCTIONS;
use crate::harness::{FILES, Host};
use crate::wasi::WasiHost;
use crate::wasi::preview2;

/// What `result` is.
pub(crate) const OK: u8 = 0;
pub(crate) const ERROR: u8 = 1;

/// Error codes of `wasi:filesystem/types`.
pub(crate) const EXIST: u8 = 7;
pub(crate) const ILLEGAL_BYTE_SEQUENCE: u8 = 9;
pub(crate) const INVALID: u8 = 12;
pub(crate) const IS_DIRECTORY: u8 = 14;
pub(crate) const NAME_TOO_LONG: u8 = 18;
pub(crate) const NO_ENTRY: u8 = 20;
pub(crate) const INSUFFICIENT_MEMORY: u8 = 22;
pub(crate) const NOT_DIRECTORY: u8 = 24;
pub(crate) const NOT_EMPTY: u8 = 25;
pub(crate) const NOT_PERMITTED: u8 = 31;
pub(crate) const READ_ONLY: u8 = 33;

/// The image of some values: the tuple, and behind it what it refers to.
#[derive(Clone)]
pub(crate) struct Image(pub(crate) Vec<u8>);

impl Image {
    pub(crate) fn u8(mut self, at: usize, number: u8) -> Self {
        self.0[at] = number;
        self
    }

    pub(crate) fn u32(mut self, at: usize, number: u32) -> Self {
        self.0[at..at + 4].copy_from_slice(&number.to_le_bytes());
        self
    }

    pub(crate) fn u64(mut self, at: usize, number: u64) -> Self {
        self.0[at..at + 8].copy_from_slice(&number.to_le_bytes());
        self
    }

    pub(crate) fn bytes(mut self, at: usize, bytes: &[u8]) -> Self {
        let start = self.0.len() as u32;
        self.0.extend_from_slice(bytes);
        self.u32(at, start).u32(at + 4, bytes.len() as u32)
    }

    pub(crate) fn u8_at(&self, at: usize) -> u8 {
        self.0[at]
    }

    pub(crate) fn u32_at(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.0[at..at + 4].try_into().expect("four bytes"))
    }

    pub(crate) fn u64_at(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.0[at..at + 8].try_into().expect("eight bytes"))
    }

    /// The bytes whose pointer and length are at `at`.
    pub(crate) fn bytes_at(&self, at: usize) -> &[u8] {
        &self.0[self.u32_at(at) as usize..][..self.u32_at(at + 4) as usize]
    }

    pub(crate) fn text_at(&self, at: usize) -> &str {
        std::str::from_utf8(self.bytes_at(at)).expect("UTF-8")
    }
}

/// A component that calls what the test says.
pub(crate) struct Component {
    pub(crate) host: Host,
}

impl Component {
    pub(crate) fn new() -> Self {
        Self { host: Host::new(FILES) }
    }

    /// Starts a run.
    pub(crate) fn reset(&mut self, arguments: &[&str], environment: &[&str], stdin: &[u8]) {
        let (arguments, environment) = (arguments.iter().copied(), environment.iter().copied());
        let stdin = Cow::Owned(stdin.to_vec());
        self.host.wasi().reset(arguments, environment, stdin).expect("good arguments");
    }

    /// Calls a function by its name, which may leave out the interface's package or the resource.
    pub(crate) fn try_call(
        &mut self,
        name: &str,
        arguments: impl FnOnce(Image) -> Image,
    ) -> wasmtime::Result<Image> {
        let (interface, function) = name.split_once(' ').expect("an interface and a function");
        let (interface, name, parameters, result) =
            *FUNCTIONS.iter().find(|row| row.0 == interface && row.1 == function).expect("a function");
        let (run, ..) = preview2::known::<Host>(interface, name).expect("a known function");
        let image = arguments(Image(vec![0; parameters]));
        let reply = preview2::call(run, &mut self.host, &image.0)?;
        assert!(reply.len() >= result, "{name}: {} bytes", reply.len());
        Ok(Image(reply))
    }

    /// Calls a function that must return.
    pub(crate) fn call(&mut self, name: &str, arguments: impl FnOnce(Image) -> Image) -> Image {
        self.try_call(name, arguments).unwrap_or_else(|error| panic!("{name} unwinds: {error:#}"))
    }

    /// Calls a function without arguments that returns a handle.
    pub(crate) fn get(&mut self, name: &str) -> u32 {
        self.call(name, |image| image).u32_at(0)
    }

    /// The handle of the root.
    pub(crate) fn root(&mut self) -> u32 {
        let directories = self.call("wasi:filesystem/preopens get-directories", |image| image);
        let at = directories.u32_at(0) as usize;
        assert_eq!((directories.u32_at(4), directories.text_at(at + 4)), (1, "/"));
        directories.u32_at(at)
    }

    pub(crate) fn open_with(&mut self, base: u32, path: &[u8], open: u8, flags: u8) -> Result<u32, u8> {
        let reply = self.call("wasi:filesystem/types [method]descriptor.open-at", |image| {
            image.u32(0, base).u8(16, open).u8(17, flags).bytes(8, path)
        });
        match reply.u8_at(0) {
            OK => Ok(reply.u32_at(4)),
            _ => Err(reply.u8_at(4)),
        }
    }

    /// Opens a path below the root for reading.
    pub(crate) fn open(&mut self, path: &str) -> u32 {
        let root = self.root();
        self.open_with(root, path.as_bytes(), 0, 1).unwrap_or_else(|code| panic!("{path}: error {code}"))
    }

    /// Drops a resource.
    pub(crate) fn drop_resource(&mut self, handle: u32) {
        self.host.wasi().resources.remove(handle);
    }
}
