//! WASI preview 1 for programs that run inside an image.
//!
//! There is no kernel below: a [`WasiState`] holds everything that a program can reach. It is the
//! sandbox's read-only file tree, the run's arguments, environment and stdin, and the table of open
//! descriptors. What lies outside (clocks, randomness, output) comes from the store's data through
//! [`WasiHost`]. [`define`] puts all 46 functions of `wasi_snapshot_preview1` into a linker.
//!
//! # What a program sees
//!
//! * Descriptors 0 to 2 are pipes as far as a program can tell: file type *unknown*, not seekable,
//!   `isatty` is false. So no program colours its output, asks questions or starts a prompt, and C
//!   libraries buffer in blocks, as in a native pipeline.
//! * Descriptor 3 is the preopened directory `/`. wasi-libc resolves absolute and relative paths
//!   against it alike; the working directory is the root.
//! * The tree is a read-only file system: what would change it is `EROFS`, after the errors that a
//!   native one would report first (a missing parent, an existing file and so on).
//! * All clocks that run with the program (monotonic, process and thread CPU time) are one clock.
//! * No symbolic links, no sockets, no signals.
//!
//! # What a program cannot do
//!
//! Pointers and lengths are offsets into the exported memory `memory` and are checked against it
//! at each use; a module without such a memory gets `EFAULT` from functions that need one.
//! Descriptors, vectors, paths and names are bounded, and no function allocates in proportion to
//! a number that the program chose.

mod arguments;
mod changes;
mod clock;
mod define;
mod descriptors;
mod directory;
mod errno;
mod failure;
mod files;
mod memory;
mod open;
mod paths;
mod poll;
pub(crate) mod preview2;
mod process;
mod random;
mod rights;
mod sockets;
mod stat;
mod state;
mod streams;
mod tree;

use core::fmt;

pub use arguments::RunError;
pub use define::{FUNCTIONS, MODULE, define};
pub use descriptors::{DESCRIPTOR_LIMIT, PREOPEN_DESCRIPTOR, PREOPEN_NAME};
pub use errno::Errno;
pub use state::WasiState;
pub use tree::TreeError;

/// The stream that a program writes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputStream {
    /// Descriptor 1 of a new run.
    Stdout,
    /// Descriptor 2 of a new run.
    Stderr,
}

/// What the WASI functions need of a store's data.
///
/// An error from a method ends the call: it unwinds the program like a failed host call and comes
/// out of `Func::call` as it is.
pub trait WasiHost: 'static {
    /// The state of the current run.
    fn wasi(&mut self) -> &mut WasiState;

    /// Nanoseconds on a clock that never goes back; zero at the start of the run.
    fn monotonic_nanoseconds(&mut self) -> u64;

    /// Nanoseconds since 1970-01-01T00:00:00Z.
    fn wall_clock_nanoseconds(&mut self) -> u64;

    /// Fills `bytes` from a generator that was seeded for this run. `bytes` may lie in guest memory
    /// and may be large.
    fn fill_random(&mut self, bytes: &mut [u8]);

    /// Takes over what the program wrote. `bytes` lie in guest memory and are never empty.
    fn write_output(&mut self, stream: OutputStream, bytes: &[u8]) -> wasmtime::Result<()>;

    /// Returns when [`monotonic_nanoseconds`](Self::monotonic_nanoseconds) has reached `due`.
    ///
    /// A machine has no timer, so this spins; the deadline of the call ends a sleep that is longer.
    /// An image whose host cannot interrupt it overrides this with a wait that checks the deadline.
    fn wait_until(&mut self, due: u64) -> wasmtime::Result<()> {
        while self.monotonic_nanoseconds() < due {
            core::hint::spin_loop();
        }
        Ok(())
    }
}

/// The program ended itself by `proc_exit`: an error so that it unwinds, not a failure.
///
/// The caller of `_start` finds it with `error.downcast_ref::<Exit>()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit(
    /// The exit status, as the program gave it.
    pub i32,
);

impl fmt::Display for Exit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the program ended with exit status {}", self.0)
    }
}

impl core::error::Error for Exit {}
