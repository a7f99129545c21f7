//! KVM's log of the pages that a guest wrote: whether it may be trusted here, and when it pays.
//!
//! Copying everything writable is right everywhere and costs least where that is little. For more there is KVM's dirty log:
//! pages are write-protected by the processor's own means, the first write to each is noted, and a restore puts back those.
//! It is used only where this KVM has passed a test of it ([`proof`]), and only for machines for which the costs that were
//! measured then ([`timing`]) say that copying would be dearer ([`choice`]).

mod affinity;
mod choice;
mod proof;
pub(crate) mod subject;
mod timing;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use twinwall_abi::ErrorCode;

pub(crate) use choice::Choice;
pub(crate) use timing::Costs;

use crate::error::CallError;

/// How a machine goes back to its snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// Everything is put back that the guest can write.
    #[default]
    Copy,
    /// What is put back is what the guest wrote, by KVM's log, and what the host did.
    DirtyLog,
}

/// Machines that can write less are always copied, and never ask for the test.
pub(crate) const LEAST_BYTES: u64 = 1 << 20;

static FOUND: OnceLock<Result<Costs, CallError>> = OnceLock::new();

/// Tests KVM's dirty log and measures what it costs, once for the process: about a fifth of a second. A line of what was
/// found. Without this, it happens on a thread of its own once a machine could make use of it, and until then everything is
/// copied. For programs that cannot start a thread later.
///
/// # Errors
/// [`CallError`] saying why the log is not used on this host; everything is copied then.
pub fn test_dirty_log() -> Result<String, CallError> {
    let found = FOUND.get_or_init(|| proof::prove().and_then(|()| timing::measure()));
    found.as_ref().map(ToString::to_string).map_err(Clone::clone)
}

/// What strategies cost here; nothing where the log may not be used, or its test is not over.
pub(crate) fn costs() -> Option<&'static Costs> {
    static STARTED: AtomicBool = AtomicBool::new(false);
    if let Some(found) = FOUND.get() {
        return found.as_ref().ok();
    }
    if !STARTED.swap(true, Ordering::Relaxed) {
        let thread = thread::Builder::new().name("twinwall-test".into());
        // Where there is no thread, everything is copied.
        let _ = thread.spawn(test_dirty_log);
    }
    None
}

/// What was measured, for another process of this host: nanoseconds of copying a mebibyte, of taking the log, of each page, and
/// of changing between both.
/// Nothing where the log may not be used, or its test is not over, which the first question starts; and for machines that can
/// write too few bytes for it.
#[must_use]
pub fn dirty_log_costs(writable_bytes: u64) -> Option<[u64; 4]> {
    let costs = if writable_bytes < LEAST_BYTES { None } else { costs() };
    costs.map(|costs| [costs.copy_mebibyte, costs.log, costs.page, costs.change])
}

/// Takes over what another process of this host has found, or that everything is to be copied, in place of a test: for
/// programs that cannot start a thread. Does nothing once something was found here.
pub fn adopt_dirty_log_costs(costs: Option<[u64; 4]>) {
    let copying = || CallError::new(ErrorCode::Unsupported, "the dirty log is not to be used");
    let found = costs.map(|[copy_mebibyte, log, page, change]| Costs { copy_mebibyte, log, page, change });
    let _ = FOUND.set(found.ok_or_else(copying));
}
