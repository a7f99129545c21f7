//! Measures echoes over TCP.
//!
//! `tcp-load measure` sends random bytes to several targets in turn, round by round, compares what
//! comes back, and prints a line of JSON per target, size and kind of connection. `tcp-load serve`
//! is the plain echo server to put behind them.
//!
//! Exit status: 0, 1 for wrong bytes, 2 for a wrong command line, 3 for a target that failed.

mod echo;
mod options;
mod random;
mod report;
mod rounds;
mod server;
mod statistics;

use echo::EchoError;
use options::Command;
use std::process::ExitCode;

/// Something that ended the program early.
#[derive(Debug)]
enum Failure {
    Usage(options::OptionError),
    Echo { target: String, error: EchoError },
    Serve(std::io::Error),
}

impl Failure {
    fn status(&self) -> u8 {
        match self {
            Self::Echo { error: EchoError::Wrong { .. }, .. } => 1,
            Self::Usage(_) => 2,
            Self::Echo { .. } | Self::Serve(_) => 3,
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Usage(error) => write!(out, "{error}"),
            Self::Echo { target, error } => write!(out, "{target}: {error}"),
            Self::Serve(error) => write!(out, "cannot serve: {error}"),
        }
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("tcp-load: {failure}");
            ExitCode::from(failure.status())
        }
    }
}

fn run() -> Result<(), Failure> {
    match options::parse(std::env::args().skip(1)).map_err(Failure::Usage)? {
        Command::Serve { address } => server::serve(address).map_err(Failure::Serve),
        Command::Measure(plan) => {
            let series = rounds::measure(&plan).map_err(|(target, error)| Failure::Echo { target, error })?;
            print!("{}", report::lines(&series));
            Ok(())
        }
    }
}
