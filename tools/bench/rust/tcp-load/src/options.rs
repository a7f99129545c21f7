//! The command line.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

/// Largest echo, bytes. Sending happens before receiving, so it has to fit into socket buffers.
const MAX_BYTES: usize = 65_536;

/// What was asked for.
#[derive(Debug, PartialEq)]
pub enum Command {
    /// Echo until standard input ends.
    Serve {
        /// Where to listen; port 0 takes a free one.
        address: SocketAddr,
    },
    /// Measure.
    Measure(Plan),
}

/// What is measured, and how often.
#[derive(Debug, PartialEq)]
pub struct Plan {
    /// All take turns.
    pub targets: Vec<Target>,
    /// Bytes of an echo.
    pub sizes: Vec<usize>,
    /// Rounds that count; one more warms up.
    pub rounds: usize,
    /// Echoes per round, target and size over a connection that stays open; 0 leaves these out.
    pub existing: usize,
    /// The same, each over a connection of its own; 0 leaves these out.
    pub new: usize,
    /// Chooses payloads and the order of turns.
    pub seed: u64,
    /// Longest that one echo may take.
    pub wait: Duration,
}

/// Something that echoes.
#[derive(Debug, PartialEq)]
pub struct Target {
    /// Lower-case letters, digits and hyphens: it goes into JSON as it is.
    pub name: String,
    /// Where it listens.
    pub address: SocketAddr,
}

/// What is wrong with the command line.
#[derive(Debug, PartialEq)]
pub enum OptionError {
    /// Neither `measure` nor `serve`.
    Command,
    /// An option that there is not, or one without a value.
    Unknown(String),
    /// An option with a value that it cannot have.
    Value {
        /// The option.
        option: String,
        /// What it got.
        value: String,
    },
    /// Nothing would be measured.
    Nothing,
}

impl fmt::Display for OptionError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command => write!(
                out,
                "usage: tcp-load serve ADDRESS:PORT | tcp-load measure --target NAME=ADDRESS:PORT … [--sizes N,N] \
                 [--rounds N] [--existing N] [--new N] [--seed N] [--wait-ms N]"
            ),
            Self::Unknown(option) => write!(out, "{option}: no such option, or its value is missing"),
            Self::Value { option, value } => write!(out, "{option}: cannot be {value:?}"),
            Self::Nothing => write!(out, "nothing to measure: no target, no size, or no echoes"),
        }
    }
}

/// Reads the words behind the program's name.
pub fn parse(words: impl IntoIterator<Item = String>) -> Result<Command, OptionError> {
    let mut words = words.into_iter();
    match words.next().as_deref() {
        Some("serve") => parse_serve(words),
        Some("measure") => parse_measure(words).map(Command::Measure),
        _ => Err(OptionError::Command),
    }
}

fn parse_serve(mut words: impl Iterator<Item = String>) -> Result<Command, OptionError> {
    let value = words.next().ok_or(OptionError::Command)?;
    if let Some(word) = words.next() {
        return Err(OptionError::Unknown(word));
    }
    let address = value.parse().map_err(|_| OptionError::Value { option: "serve".into(), value })?;
    Ok(Command::Serve { address })
}

fn parse_measure(mut words: impl Iterator<Item = String>) -> Result<Plan, OptionError> {
    let mut plan = Plan {
        targets: Vec::new(),
        sizes: vec![128],
        rounds: 40,
        existing: 50,
        new: 0,
        seed: 1,
        wait: Duration::from_secs(5),
    };
    while let Some(option) = words.next() {
        let Some(value) = words.next() else { return Err(OptionError::Unknown(option)) };
        apply(&mut plan, &option, &value)?;
    }
    let something = plan.existing + plan.new > 0;
    if plan.targets.is_empty() || plan.sizes.is_empty() || !something {
        return Err(OptionError::Nothing);
    }
    Ok(plan)
}

fn apply(plan: &mut Plan, option: &str, value: &str) -> Result<(), OptionError> {
    let wrong = || OptionError::Value { option: option.into(), value: value.into() };
    let within = |least: u64, most: u64| -> Result<u64, OptionError> {
        let number = value.parse().map_err(|_| wrong())?;
        if (least..=most).contains(&number) { Ok(number) } else { Err(wrong()) }
    };
    match option {
        "--target" => {
            let target = parse_target(value)
                .filter(|target| plan.targets.iter().all(|other| other.name != target.name));
            plan.targets.push(target.ok_or_else(wrong)?);
        }
        "--sizes" => plan.sizes = parse_sizes(value).ok_or_else(wrong)?,
        "--rounds" => plan.rounds = within(1, 10_000)? as usize,
        "--existing" => plan.existing = within(0, 100_000)? as usize,
        "--new" => plan.new = within(0, 100_000)? as usize,
        "--seed" => plan.seed = within(0, u64::MAX)?,
        "--wait-ms" => plan.wait = Duration::from_millis(within(1, 600_000)?),
        _ => return Err(OptionError::Unknown(option.into())),
    }
    Ok(())
}

fn parse_target(value: &str) -> Option<Target> {
    let (name, address) = value.split_once('=')?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.is_empty() || !name.bytes().all(plain) {
        return None;
    }
    Some(Target { name: name.into(), address: address.parse().ok()? })
}

fn parse_sizes(value: &str) -> Option<Vec<usize>> {
    let size = |text: &str| text.parse().ok().filter(|size| (1..=MAX_BYTES).contains(size));
    value.split(',').map(size).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(line: &str) -> Result<Command, OptionError> {
        parse(line.split_whitespace().map(String::from))
    }

    #[test]
    fn reads_a_plan() {
        let line = "measure --target a=127.0.0.1:1 --target b-2=127.0.0.1:2 --sizes 128,4096 --rounds 3 \
                    --existing 4 --new 5 --seed 6 --wait-ms 7";
        let target = |name: &str, port| Target { name: name.into(), address: ([127, 0, 0, 1], port).into() };
        let expected = Plan {
            targets: vec![target("a", 1), target("b-2", 2)],
            sizes: vec![128, 4096],
            rounds: 3,
            existing: 4,
            new: 5,
            seed: 6,
            wait: Duration::from_millis(7),
        };
        assert_eq!(command(line), Ok(Command::Measure(expected)));
    }

    #[test]
    fn reads_a_server() {
        let address = ([127, 0, 0, 1], 0).into();
        assert_eq!(command("serve 127.0.0.1:0"), Ok(Command::Serve { address }));
    }

    #[test]
    fn refuses_what_it_cannot_do() {
        assert_eq!(command(""), Err(OptionError::Command));
        assert_eq!(command("measure"), Err(OptionError::Nothing));
        assert_eq!(command("measure --target a=127.0.0.1:1 --existing 0"), Err(OptionError::Nothing));
        assert_eq!(command("measure --fast 1"), Err(OptionError::Unknown("--fast".into())));
        assert_eq!(command("measure --rounds"), Err(OptionError::Unknown("--rounds".into())));
        for wrong in [
            "--target a",
            "--target A=127.0.0.1:1",
            "--target a=localhost",
            "--sizes 0",
            "--sizes 1,65537",
            "--sizes 1,,2",
            "--rounds 0",
            "--rounds -1",
            "--wait-ms 0",
        ] {
            let (option, value) = wrong.split_once(' ').expect("two words");
            let expected = OptionError::Value { option: option.into(), value: value.into() };
            assert_eq!(command(&format!("measure {wrong}")), Err(expected), "{wrong}");
        }
    }

    #[test]
    fn refuses_two_targets_of_one_name() {
        let line = "measure --target a=127.0.0.1:1 --target a=127.0.0.1:2";
        let expected = OptionError::Value { option: "--target".into(), value: "a=127.0.0.1:2".into() };
        assert_eq!(command(line), Err(expected));
    }
}
