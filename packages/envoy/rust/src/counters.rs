//! Counters in Envoy's statistics, under `dynamicmodulescustom.`.

use twinwall_abi::ErrorCode;

use crate::envoy::{Config, Filter};

/// Numbers of the counters that Envoy keeps.
#[derive(Debug)]
pub(crate) struct Counters {
    pub(crate) connections: usize,
    pub(crate) chunks: usize,
    pub(crate) bytes: usize,
    pub(crate) host_calls: usize,
    pub(crate) closed_by_guest: usize,
    pub(crate) no_machine: usize,
    pub(crate) log_dropped: usize,
    failures: usize,
    /// By error code.
    failures_by_code: Vec<usize>,
    /// Of the guest, in the order of the option.
    guest: Vec<usize>,
}

impl Counters {
    /// Defines all of them; `None` when Envoy refuses one.
    pub(crate) fn define(config: Config, guest: &[String]) -> Option<Self> {
        let define = |name: &str| config.define_counter(&format!("twinwall_{name}"));
        Some(Self {
            connections: define("connections")?,
            chunks: define("chunks")?,
            bytes: define("bytes")?,
            host_calls: define("host_calls")?,
            closed_by_guest: define("closed_by_guest")?,
            no_machine: define("no_machine")?,
            log_dropped: define("log_dropped")?,
            failures: define("failures")?,
            failures_by_code: (0..=ErrorCode::Internal.0)
                .map(|code| define(&format!("failures_{}", code_name(ErrorCode(code)).to_lowercase())))
                .collect::<Option<_>>()?,
            guest: guest.iter().map(|name| define(&format!("guest_{name}"))).collect::<Option<_>>()?,
        })
    }

    /// Counts a failed connection.
    pub(crate) fn fail(&self, filter: Filter, code: ErrorCode) {
        filter.count(self.failures, 1);
        if let Some(&counter) = self.failures_by_code.get(usize::from(code.0)) {
            filter.count(counter, 1);
        }
    }

    /// Adds to a counter of the guest; false when there is none of that index.
    pub(crate) fn count_for_guest(&self, filter: Filter, index: u64, value: u64) -> bool {
        let counter = usize::try_from(index).ok().and_then(|index| self.guest.get(index));
        let Some(&counter) = counter else { return false };
        filter.count(counter, value);
        true
    }
}

/// `E_NO_FILE` of `NoFile`: the name in the public API.
pub(crate) fn code_name(code: ErrorCode) -> String {
    let mut name = String::from("E");
    for character in code.variant_name().unwrap_or("Unknown").chars() {
        if character.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(character.to_ascii_uppercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::code_name;
    use twinwall_abi::ErrorCode;

    #[test]
    fn names_codes_as_the_public_api_does() {
        assert_eq!(code_name(ErrorCode::Trap), "E_TRAP");
        assert_eq!(code_name(ErrorCode::NoMachine), "E_NO_MACHINE");
        assert_eq!(code_name(ErrorCode::BadReply), "E_BAD_REPLY");
    }
}
