//! A panic ends the machine.

use core::panic::PanicInfo;

use super::entry::KvmGate;
use crate::abort::abort;

#[panic_handler]
fn panic(information: &PanicInfo<'_>) -> ! {
    abort::<KvmGate>(information)
}
