//! What holds for all calls of one event, wherever they run.

use std::time::Instant;

use twinwall_host::{CallError, ErrorCode, Limits};

/// The limits of an event's next call: all of its calls share one deadline, so that nobody waits longer for an event.
pub(crate) fn remaining(limits: &Limits, begun: Instant) -> Result<Limits, CallError> {
    let spent = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let deadline = limits.deadline.saturating_sub(spent);
    if deadline == 0 { Err(late(limits)) } else { Ok(Limits { deadline, ..*limits }) }
}

/// Names the event's deadline, and not what was left of it for one call.
pub(crate) fn with_deadline(error: CallError, limits: &Limits) -> CallError {
    if error.code == ErrorCode::Deadline { late(limits) } else { error }
}

fn late(limits: &Limits) -> CallError {
    let milliseconds = limits.deadline as f64 / 1e6;
    let text = format!("the guest ran longer than its deadline of {milliseconds} ms");
    CallError::new(ErrorCode::Deadline, text)
}

/// The failure of a guest whose result has wrong flags.
pub(crate) fn bad_result() -> CallError {
    let text = "the result of on_data does not begin with a byte of flags that mean something";
    CallError::new(ErrorCode::BadReply, text)
}
