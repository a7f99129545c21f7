//! Aborts at any time: a session goes on as it was, or is over, and never without what it kept.

use std::time::{Duration, Instant};

use twinwall_abi::ErrorCode;
use twinwall_vmm_kvm::{AbortHandle, CallError, NoHost};
use twinwall_walled::Machine;

use super::rounds::rounds;
use super::support::{COUNT, call_of, machine, small};

/// Counts on in a session that has counted to `last`.
fn count_on(machine: &mut Machine, last: u64, abort: &AbortHandle) -> Result<u64, CallError> {
    let (mut call, mut output) = (call_of(COUNT, &[], false), Vec::new());
    call.continues = last > 0;
    machine.call_abortable(&call, &mut NoHost, &mut output, abort)?;
    Ok(u64::from_le_bytes(output.try_into().expect("eight bytes")))
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn an_abort_that_comes_too_late_costs_no_state() {
    let mut machine = machine(small());
    let mut last = 0;
    for round in 0..rounds(800) {
        let abort = AbortHandle::new();
        let other = abort.clone();
        let at = Instant::now() + Duration::from_nanos(2000 + round * 7919 % 120_000);
        let aborter = std::thread::spawn(move || {
            while Instant::now() < at {
                std::hint::spin_loop();
            }
            other.abort(CallError::new(ErrorCode::Aborted, "enough"));
        });
        let counted = count_on(&mut machine, last, &abort);
        aborter.join().expect("no panic");
        match counted {
            Ok(count) => {
                assert_eq!(count, last + 1);
                last = count_on(&mut machine, count, &AbortHandle::new()).expect("the session goes on");
                assert_eq!(last, count + 1);
            }
            Err(error) => {
                assert_eq!(error.code, ErrorCode::Aborted);
                machine.restore();
                last = 0;
            }
        }
    }
}
