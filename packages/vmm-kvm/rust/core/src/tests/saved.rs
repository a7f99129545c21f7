//! States that came from a file: whoever wrote it may be hostile.

use std::sync::Arc;

use kvm_bindings::kvm_regs;
use twinwall_abi::layout::{
    ATTACHMENTS, HEAP, INPUT, LARGE_PAGE, MAILBOX, MEMORIES, MEMORY_SLOTS, MEMORY_STRIDE, OUTBOX, OUTPUT,
    PAGE, STACK_TOP, STACK_WINDOW,
};

use crate::image::Image;
use crate::plan::{ATTACHMENTS_PHYSICAL, GROWTH_PHYSICAL, IMAGE_PHYSICAL, boot_ranges};
use crate::saved::{SavedRun, SavedState, StateError};
use crate::{probe, system};

/// Bytes of memory of its own that a state may have in these tests.
const GROWTH: u64 = 16 * PAGE;

fn image() -> Arc<Image> {
    probe::image().expect("the probe")
}

fn run(address: u64, length: u64) -> SavedRun {
    SavedRun { address, bytes: vec![0; length as usize] }
}

/// The least that the probe has, and more of it.
fn state(image: &Image, more: &[SavedRun]) -> SavedState {
    let ranges = boot_ranges(image).into_iter().map(|range| run(range.address, range.length));
    let mut runs: Vec<SavedRun> = ranges.chain(more.iter().cloned()).collect();
    runs.sort_by_key(|run| run.address);
    SavedState { runs, ..SavedState::default() }
}

/// What is wrong with a state that has one more run.
fn refusal(address: u64, length: u64) -> Option<StateError> {
    let image = image();
    state(&image, &[run(address, length)]).ranges(&image, GROWTH).err()
}

#[test]
fn the_ranges_of_a_ready_image_are_accepted() {
    let image = image();
    let grown = [run(HEAP, 2 * PAGE), run(MEMORIES, PAGE), run(MEMORIES + 31 * MEMORY_STRIDE, 3 * PAGE)];
    let state = state(&image, &grown);
    let (ranges, _) = state.ranges(&image, GROWTH).expect("a state as it should be");
    let found: Vec<(u64, u64)> = ranges.iter().map(|range| (range.address, range.length)).collect();
    let expected: Vec<(u64, u64)> =
        state.runs.iter().map(|run| (run.address, run.bytes.len() as u64)).collect();
    assert_eq!(found, expected);
    assert_eq!(state.ranges(&image, 6 * PAGE).map(|(ranges, _)| ranges.len()), Ok(found.len()));
    assert_eq!(state.ranges(&image, 5 * PAGE), Err(StateError::TooLarge));
}

#[test]
fn nothing_but_the_windows_of_guests_is_accepted() {
    let system_pages = [0, PAGE, system::GDT, system::IDT, system::TSS, system::TABLES, LARGE_PAGE];
    let physical = [GROWTH_PHYSICAL, IMAGE_PHYSICAL + PAGE, ATTACHMENTS_PHYSICAL - PAGE];
    let beside = [
        image().base,
        image().entry / PAGE * PAGE,
        MAILBOX + PAGE,
        STACK_TOP,
        STACK_TOP - STACK_WINDOW - PAGE,
        INPUT - PAGE,
        INPUT + PAGE,
        OUTPUT - PAGE,
        OUTPUT + PAGE,
        ATTACHMENTS,
        HEAP - PAGE,
        HEAP + PAGE,
        MEMORIES + PAGE,
        MEMORIES + (4 << 30),
        MEMORIES + MEMORY_SLOTS * MEMORY_STRIDE,
        1 << 47,
        1 << 63,
        0xffff_8000_0000_0000,
        u64::MAX - 2 * PAGE + 1,
    ];
    for address in system_pages.into_iter().chain(physical).chain(beside) {
        let refused = refusal(address / PAGE * PAGE, PAGE);
        assert!(refused.is_some(), "memory at {address:#x} was accepted");
    }
    assert_eq!(refusal(HEAP - PAGE, PAGE), Some(StateError::Place(HEAP - PAGE)));
}

#[test]
fn runs_that_are_no_pages_or_overlap_are_refused() {
    for (address, length) in [
        (HEAP, 0),
        (HEAP, 1),
        (HEAP, PAGE + 1),
        (HEAP + 1, PAGE),
        (HEAP + 8, PAGE),
        (MAILBOX, PAGE),
        (INPUT, PAGE),
        (u64::MAX / PAGE * PAGE, PAGE),
        (u64::MAX / PAGE * PAGE, 2 * PAGE),
    ] {
        assert_eq!(refusal(address, length), Some(StateError::Order), "{length} bytes at {address:#x}");
    }
    let image = image();
    let mut turned = state(&image, &[run(HEAP, PAGE)]);
    turned.runs.reverse();
    assert_eq!(turned.ranges(&image, GROWTH), Err(StateError::Order));
    let mut halves = state(&image, &[run(HEAP, PAGE)]);
    halves.runs.push(run(HEAP, PAGE));
    assert_eq!(halves.ranges(&image, GROWTH), Err(StateError::Order));
    // In order, and behind one another; but no image is ready like that.
    let parts = state(&image, &[run(HEAP, PAGE), run(HEAP + PAGE, PAGE)]);
    assert_eq!(parts.ranges(&image, GROWTH), Err(StateError::Place(HEAP + PAGE)));
}

#[test]
fn windows_are_as_long_as_the_image_says() {
    let image = image();
    let header = image.header;
    for (address, length) in [
        (MAILBOX, 2 * PAGE),
        (OUTBOX, header.outbox_bytes() + PAGE),
        (INPUT, header.input_bytes() + PAGE),
        (OUTPUT, header.output_bytes() + PAGE),
        (STACK_TOP - STACK_WINDOW - PAGE, STACK_WINDOW + PAGE),
    ] {
        let mut state = state(&image, &[]);
        state
            .runs
            .retain(|run| run.address != address && run.address + run.bytes.len() as u64 != address + length);
        state.runs.push(run(address, length));
        state.runs.sort_by_key(|run| run.address);
        assert_eq!(state.ranges(&image, GROWTH), Err(StateError::Place(address)), "at {address:#x}");
    }
}

#[test]
fn what_every_image_has_must_be_there() {
    let image = image();
    let whole = state(&image, &[run(HEAP, PAGE)]);
    for index in 0..whole.runs.len() {
        let mut state = whole.clone();
        let removed = state.runs.remove(index);
        let expected = removed.address == HEAP;
        assert_eq!(state.ranges(&image, GROWTH).is_ok(), expected, "without {:#x}", removed.address);
    }
    assert!(SavedState::default().ranges(&image, GROWTH).is_err());
}

#[test]
fn only_general_registers_are_kept() {
    let kept = kvm_regs { rax: 1, rsp: 5, rdi: 7, r15: 16, ..kvm_regs::default() };
    let parked = kvm_regs { rip: 0x1234, rflags: 0xffff_ffff, ..kept };
    let state = SavedState::new(&parked, Vec::new());
    assert_eq!(state.parked(), kept);
    let every = SavedState { registers: std::array::from_fn(|index| 1 << index), runs: Vec::new() };
    assert_eq!(SavedState::new(&every.parked(), Vec::new()), every);
}
