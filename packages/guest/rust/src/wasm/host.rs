//! Calls of host functions on bytes.

use alloc::vec::Vec;

use super::fail::report;
use super::memory;
use crate::Failure;
use crate::reply::Answer;

/// Calls a host function on bytes; returns its answer.
///
/// # Safety
/// `import` must pass the bounds of `argument` to an import that has the shape of a function on bytes.
pub unsafe fn call_host(argument: &[u8], import: impl FnOnce(*const u8, usize) -> u64) -> Vec<u8> {
    let packed = import(argument.as_ptr(), argument.len());
    let (pointer, length) = ((packed >> 32) as usize as *mut u8, packed as u32 as usize);
    // SAFETY: the sandbox allocated these bytes for us alone, and they are copied before they are given back.
    unsafe {
        let answer = memory::placed(pointer, length).to_vec();
        memory::give_back(pointer, length);
        answer
    }
}

/// The answer, if it is what the guest declared. A host that answers otherwise is a mistake that no guest can mend.
pub fn expect_answer<A: Answer>(name: &str, answer: Result<A, Failure>) -> A {
    answer.unwrap_or_else(|failure| {
        report(Failure::new(failure.code(), alloc::format!("host function `{name}`: {}", failure.message())))
    })
}
