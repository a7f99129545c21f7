//! The gate of the KVM machine: the one port that ring 3 may write.

/// Port of the gate. Ring 3 leaves with `out GATE_PORT, al`; the value of `al` has no meaning.
pub const GATE_PORT: u8 = 0x54;

/// Port on which the ring-0 exception stubs report. It counts only from ring 0.
pub const EXCEPTION_PORT: u8 = 0x55;
