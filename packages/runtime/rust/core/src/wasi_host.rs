//! What WASI asks of a guest.

use twinwall_abi::RecordKind;
use twinwall_image_support::outbox;

use crate::guest::Guest;
use crate::platform::Platform;
use crate::wasi::{OutputStream, WasiHost, WasiState};

impl<P: Platform> WasiHost for Guest<P> {
    fn wasi(&mut self) -> &mut WasiState {
        &mut self.wasi
    }

    fn monotonic_nanoseconds(&mut self) -> u64 {
        self.clock.monotonic(P::ticks())
    }

    fn wall_clock_nanoseconds(&mut self) -> u64 {
        self.clock.wall(P::ticks())
    }

    fn fill_random(&mut self, bytes: &mut [u8]) {
        self.random.fill(bytes, || {
            let mut seed = [0; 32];
            for (byte, fresh) in seed.iter_mut().zip(P::mailbox().request().seed().bytes().iter()) {
                *byte = fresh;
            }
            seed
        });
    }

    fn write_output(&mut self, stream: OutputStream, bytes: &[u8]) -> wasmtime::Result<()> {
        let kind = match stream {
            OutputStream::Stdout => RecordKind::Stdout,
            OutputStream::Stderr => RecordKind::Stderr,
        };
        outbox::append_stream::<P>(kind, bytes);
        Ok(())
    }
}
