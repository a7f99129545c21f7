//! How much a test does, for the tests of several crates.

/// How often to repeat something: as often as `TWINWALL_ROUNDS` says, or a hundred times as often where `TWINWALL_SOAK` is 1,
/// and a tenth on a processor that software emulates, where all is two orders of magnitude slower.
pub(crate) fn rounds(wanted: u64) -> u64 {
    if let Some(asked) = std::env::var("TWINWALL_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()) {
        return asked;
    }
    let soak = std::env::var_os("TWINWALL_SOAK").is_some_and(|value| value == "1");
    let wanted = if soak { wanted * 100 } else { wanted };
    if is_emulated() { wanted.div_ceil(10) } else { wanted }
}

/// Whether software emulates the processor.
pub(crate) fn is_emulated() -> bool {
    std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default().contains("QEMU TCG")
}
