//! Why something of a script is not run.

use serde::Serialize;

/// Why a directive cannot be put to Twinwall's public API. The heads of the table's columns are in `src/table.ts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reason {
    /// It is about the text format: what is wrong with the module is gone when it is encoded.
    Text,
    /// It needs a proposal that is off.
    Off,
    /// A later proposal, which is on, made the module valid.
    Superseded,
    /// It imports a memory, table or global; a guest imports functions of the host only.
    Import,
    /// It is about several modules that are linked to each other.
    Linking,
    /// It passes, or gets, a reference that only a host could make.
    HostReference,
    /// The module's state would depend on something before it that was not run.
    State,
}
