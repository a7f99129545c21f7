//! The command line.

use twinwall_compiler::Limits;
use twinwall_tune::{Machine, Profile};

const USAGE: &str = "usage: twinwall-compiler-native --machine kvm|soft [--fuel] [--module-bytes N] [--artifact-bytes N] [--memory-bytes N]";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    pub profile: Profile,
    pub limits: Limits,
    /// Most address space that the process may take, in bytes. Default: no limit.
    pub memory_bytes: Option<u64>,
}

impl Options {
    /// Reads arguments, the program's name not among them. The error is one line for the user.
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut machine = None;
        let mut fuel = false;
        let mut limits = Limits::default();
        let mut memory_bytes = None;
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--fuel" => fuel = true,
                "--machine" => machine = Machine::from_name(&value(&mut arguments)?),
                "--module-bytes" => limits.module_bytes = number(&mut arguments)?,
                "--artifact-bytes" => limits.artifact_bytes = number(&mut arguments)?,
                "--memory-bytes" => memory_bytes = Some(number(&mut arguments)?),
                _ => return Err(USAGE.to_owned()),
            }
        }
        let machine = machine.ok_or(USAGE)?;
        Ok(Self { profile: Profile { machine, fuel }, limits, memory_bytes })
    }
}

fn value(arguments: &mut impl Iterator<Item = String>) -> Result<String, String> {
    arguments.next().ok_or_else(|| USAGE.to_owned())
}

fn number<N: std::str::FromStr>(arguments: &mut impl Iterator<Item = String>) -> Result<N, String> {
    value(arguments)?.parse().map_err(|_| USAGE.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn reads_machine_fuel_and_limits() {
        let options = parse("--machine soft --fuel --module-bytes 10 --memory-bytes 99");
        let expected = Options {
            profile: Profile { machine: Machine::Soft, fuel: true },
            limits: Limits { module_bytes: 10, ..Limits::default() },
            memory_bytes: Some(99),
        };
        assert_eq!(options, Ok(expected));
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for line in ["", "--machine xen", "--machine", "--machine kvm extra", "--module-bytes ten"] {
            assert_eq!(parse(line), Err(USAGE.to_owned()), "{line}");
        }
    }
}
