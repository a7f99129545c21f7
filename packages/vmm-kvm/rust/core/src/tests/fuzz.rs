//! Damaged inputs for each reader of this crate: `npm run fuzz` gives it more of them.

#[path = "../../../../../../tools/fuzz/rust/fuzz.rs"]
mod runner;

use twinwall_abi::layout::PAGE;

use runner::{Outcome, fuzz};

use crate::image::Image;
use crate::saved::{SavedRun, SavedState};

#[test]
#[cfg_attr(elsewhere, ignore = "needs the files of the repository")]
fn images() {
    fuzz("kvm-image", |bytes| Image::load(bytes).into());
}

/// Pairs of an address and a number of pages, each 8 bytes.
#[test]
#[cfg_attr(elsewhere, ignore = "needs the files of the repository")]
fn saved_states() {
    let image = crate::probe::image().expect("the probe");
    fuzz("kvm-state", |bytes| {
        let pairs = bytes.chunks_exact(16).map(|pair| {
            let number = |at: usize| u64::from_le_bytes(pair[at..at + 8].try_into().expect("8 bytes"));
            // What there is of a file bounds it; here it need not be long.
            SavedRun { address: number(0), bytes: vec![0; (number(8) % 1024 * PAGE) as usize] }
        });
        let state = SavedState { runs: pairs.collect(), ..SavedState::default() };
        let ranges = state.ranges(&image, 16 * PAGE);
        if let Ok(ranges) = &ranges {
            let ends = ranges.0.windows(2).all(|pair| pair[0].address + pair[0].length <= pair[1].address);
            assert!(ends, "ranges overlap");
        }
        ranges.into()
    });
}

#[cfg(not(kvm))]
#[test]
#[cfg_attr(elsewhere, ignore = "needs the files of the repository")]
fn reports() {
    println!("skipped: no /dev/kvm: it cannot be opened");
    println!("\nfuzz\tkvm-report\t0\t0\t0.0");
}

#[cfg(kvm)]
#[test]
#[cfg_attr(elsewhere, ignore = "needs the files of the repository")]
fn reports() {
    use super::ring3::Attacker;
    use crate::machine::Limits;
    use crate::self_test::patient;
    use twinwall_abi::ErrorCode;
    use twinwall_abi::mailbox::REPORT_OFFSET;

    assert_eq!(REPORT_OFFSET, 0x200, "as the code of the guest says");
    let limits = Limits { outbox_bytes: 1 << 20, output_bytes: 8192, ..patient() };
    let mut attacker = Attacker::with_code(&[&reporting()], limits);
    // A call takes tens of microseconds, and a new machine after most.
    runner::fuzz_share("kvm-report", 4, |report| {
        let mut input = vec![0; 104];
        let length = report.len().min(input.len());
        input[..length].copy_from_slice(&report[..length]);
        let result = attacker.run(0, &input);
        let code = super::ring3::outcome(&result);
        assert!(!matches!(code, ErrorCode::Deadline | ErrorCode::Disposed | ErrorCode::Busy), "{result:?}");
        attacker.assert_clean("a report");
        result.map_or(Outcome::Refused, |_| Outcome::Read)
    });
}

/// Saves the report of an empty reply on the stack, makes the input the report, leaves by the gate; when the host comes
/// back, restores the report and is done.
#[cfg(kvm)]
fn reporting() -> Vec<u8> {
    // lea rdi, [rbx + 512]; mov ecx, 104; rep movsb
    const TO_REPORT: [u8; 14] = [0x48, 0x8d, 0xbb, 0, 2, 0, 0, 0xb9, 0x68, 0, 0, 0, 0xf3, 0xa4];
    // lea rdi, [r10 - 128]; lea rsi, [rbx + 512]; mov ecx, 104; rep movsb
    let mut code =
        vec![0x49, 0x8d, 0x7a, 0x80, 0x48, 0x8d, 0xb3, 0, 2, 0, 0, 0xb9, 0x68, 0, 0, 0, 0xf3, 0xa4];
    // mov rsi, r9
    code.extend([0x4c, 0x89, 0xce]);
    code.extend(TO_REPORT);
    // out GATE, al; lea rsi, [r10 - 128]
    code.extend([0xe6, twinwall_abi::gate::GATE_PORT, 0x49, 0x8d, 0x72, 0x80]);
    code.extend(TO_REPORT);
    code
}
