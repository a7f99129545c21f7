//! Time of check, time of use: a second writer changes the mailbox while the host reads it. A guest has one vCPU, which
//! stands still meanwhile, so a thread of the test plays the second.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use twinwall_abi::ErrorCode;
use twinwall_abi::layout::OUTPUT;

use super::super::rounds;
use super::{Attacker, outcome, words};
use crate::self_test::patient;

/// Offsets in the mailbox: the report's operation, its output address and length, the length of the outbox.
const OPERATION: usize = 512;
const ADDRESS: usize = 536;
const LENGTH: usize = 544;
const OUTBOX: usize = 576;

/// What the second writer puts there by turns: a right report's fields, and wrong ones.
const ADDRESSES: [u64; 4] = [OUTPUT, OUTPUT + 8, 0, u64::MAX - 7];
const LENGTHS: [u64; 5] = [16, 8, 4097, 1 << 31, u64::MAX];

/// Writes to the mailbox at `page` for a while.
fn disturb(page: usize, turn: &mut usize) {
    for _ in 0..64 {
        *turn += 1;
        let write = |offset: usize, value: u64| {
            let target = (page + offset) as *mut u64;
            // SAFETY: `Target` keeps the mailbox mapped while its lock is held, and the offset lies in its page. The
            // machine's own accesses are not atomic, which is what this test is about: any mixture is a legal guest.
            unsafe { target.write_volatile(value) };
        };
        write(LENGTH, LENGTHS[*turn % LENGTHS.len()]);
        write(ADDRESS, ADDRESSES[*turn % ADDRESSES.len()]);
        if turn.is_multiple_of(7) {
            write(OUTBOX, u64::MAX);
            write(OPERATION, 77);
        }
        write(OUTBOX, 0);
        write(OPERATION, 2);
    }
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn a_second_writer_gets_an_old_reply_a_new_one_or_an_error() {
    let mut attacker = Attacker::new(&["reply with the input's address and length"], patient());
    // A virtual machine that was given up stays mapped until `renew`.
    attacker.machine.keep_spent();
    let target = Arc::new(Mutex::new(None::<usize>));
    let over = Arc::new(AtomicBool::new(false));
    let (other_target, other_over) = (Arc::clone(&target), Arc::clone(&over));
    let writer = std::thread::spawn(move || {
        let mut turn = 0;
        while !other_over.load(Ordering::Relaxed) {
            if let Some(page) = *other_target.lock().unwrap_or_else(PoisonError::into_inner) {
                disturb(page, &mut turn);
            }
            std::hint::spin_loop();
        }
        turn
    });
    let set = |page| *target.lock().unwrap_or_else(PoisonError::into_inner) = page;
    let (mut replies, mut errors, mut bad) = (0_u64, 0_u64, 0_u64);
    let wanted = rounds(2000);
    // On a slow processor the second writer is seldom in time.
    for round in 0..40 * wanted {
        if round >= wanted && bad > 0 {
            break;
        }
        if attacker.machine.is_spent() {
            set(None);
            attacker.machine.renew().expect("another machine");
        }
        set(attacker.machine.host_addresses().last().map(|&page| page as usize));
        let result = attacker.run(0, &words(&[OUTPUT, 16]));
        match &result {
            // The output area is zero: whatever part of it was copied, it holds nothing else.
            Ok(bytes) => {
                replies += 1;
                assert!(
                    bytes.len() <= 4096 && bytes.iter().all(|&byte| byte == 0),
                    "round {round}: {bytes:x?}"
                );
            }
            Err(error) => {
                errors += 1;
                let code = outcome(&result);
                bad += u64::from(code == ErrorCode::BadReply);
                assert!(matches!(code, ErrorCode::BadReply | ErrorCode::Limit), "round {round}: {error:?}");
            }
        }
    }
    set(None);
    over.store(true, Ordering::Relaxed);
    assert!(writer.join().expect("the second writer") > 0);
    assert!(bad > 0, "the second writer was never in time: {replies} replies");
    attacker.machine.restore();
    let replaced = attacker.machine.statistics().replaced;
    assert!(replaced >= 1 && replaced <= errors, "{replaced} machines for {errors} errors");
    // The last call's machine may have been written to behind its restore: a new one shows that nothing else was.
    attacker.run(0, &words(&[0, 1])).expect_err("a reply from nowhere");
    attacker.machine.renew().expect("another machine");
    attacker.assert_clean("a second writer");
}
