//! The gate of the KVM machine: the one port that ring 3 may write.

/// Port of the gate. Ring 3 leaves with `out GATE_PORT, al`; the value of `al` has no meaning.
pub const GATE_PORT: u8 = 0x54;

/// Port on which the ring-0 exception stubs report. It counts only from ring 0.
pub const EXCEPTION_PORT: u8 = 0x55;

/// Selector of ring 3's data segment. A restored guest loads it into DS, ES, FS and GS: some hypervisors do not tell
/// the host which selectors the guest has, so the host cannot put them back.
pub const DATA_SELECTOR: u16 = 0x2b;
