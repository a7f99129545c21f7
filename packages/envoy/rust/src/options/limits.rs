//! Limits, as JSON has them.

use serde::Deserialize;
use twinwall_host::{Limits, parse_duration, parse_size, show_text};

use super::{OptionsError, bad};

/// Default deadline of a call, nanoseconds: a worker serves nobody else meanwhile.
const DEADLINE: u64 = 50_000_000;
/// Longest deadline, nanoseconds: a worker that stands still for longer trips Envoy's watchdog.
const LONGEST_DEADLINE: u64 = 10_000_000_000;
/// Shortest deadline, nanoseconds: no call is over before.
const SHORTEST_DEADLINE: u64 = 100_000;
/// A piece of a chunk with its flags, and answers of host functions, bytes.
const INPUT_BYTES: u64 = 128 << 10;
/// Largest memory, bytes.
const LARGEST_MEMORY: u64 = 16 << 30;
/// Largest area for data in one direction, bytes.
const LARGEST_AREA: u64 = (1 << 30) - 4096;
/// Largest whole number that JSON's readers agree on.
const LARGEST_NUMBER: u64 = (1 << 53) - 1;

/// What a user writes.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct RawLimits {
    memory: Option<Quantity>,
    deadline: Option<Quantity>,
    fuel: Option<Quantity>,
    result_bytes: Option<Quantity>,
    host_calls: Option<Quantity>,
    host_bytes: Option<Quantity>,
    cpu_time: Option<Quantity>,
    log_bytes: Option<Quantity>,
}

/// Text with a unit, or a number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Quantity {
    Text(String),
    Number(f64),
}

impl RawLimits {
    /// The limits as numbers.
    pub(super) fn check(&self) -> Result<Limits, OptionsError> {
        let defaults = Limits::default();
        let memory_bytes = size("memory", self.memory.as_ref(), LARGEST_MEMORY, defaults.memory_bytes)?;
        let result_bytes = self.result_bytes.as_ref();
        let output_bytes = size("resultBytes", result_bytes, LARGEST_AREA, defaults.output_bytes)?;
        if output_bytes == 0 {
            return Err(bad("resultBytes", "a result has a byte of flags at least"));
        }
        Ok(Limits {
            memory_bytes,
            input_bytes: INPUT_BYTES,
            output_bytes,
            outbox_bytes: size("logBytes", self.log_bytes.as_ref(), LARGEST_NUMBER, defaults.outbox_bytes)?,
            host_calls: host_calls(self.host_calls.as_ref())?.unwrap_or(defaults.host_calls),
            host_bytes: size("hostBytes", self.host_bytes.as_ref(), LARGEST_NUMBER, defaults.host_bytes)?,
            deadline: time("deadline", self.deadline.as_ref())?.unwrap_or(DEADLINE),
            cpu_time: cpu_time(self.cpu_time.as_ref())?,
            fuel: fuel(self.fuel.as_ref())?,
        })
    }
}

fn size(
    name: &'static str,
    given: Option<&Quantity>,
    largest: u64,
    default: u64,
) -> Result<u64, OptionsError> {
    let bytes = match given {
        None => default,
        Some(Quantity::Text(text)) => {
            parse_size(text).map_err(|error| bad(name, format!("{} is {error}", show_text(text, 80))))?
        }
        Some(Quantity::Number(number)) => {
            whole(*number).ok_or_else(|| bad(name, format!("{number} is no number of bytes")))?
        }
    };
    if bytes <= largest {
        return Ok(bytes);
    }
    Err(bad(name, format!("{bytes} is more than the largest possible, {largest}")))
}

fn host_calls(given: Option<&Quantity>) -> Result<Option<u64>, OptionsError> {
    match given {
        None => Ok(None),
        Some(Quantity::Number(number))
            if whole(*number).is_some_and(|calls| calls <= u64::from(u32::MAX)) =>
        {
            Ok(whole(*number))
        }
        Some(_) => Err(bad("hostCalls", "give a whole number below 4294967296")),
    }
}

/// Nanoseconds.
fn time(name: &'static str, given: Option<&Quantity>) -> Result<Option<u64>, OptionsError> {
    let nanoseconds = match given {
        None => return Ok(None),
        Some(Quantity::Text(text)) if text == "none" => {
            return Err(bad(name, "\"none\" would let a guest stop a worker for ever"));
        }
        Some(Quantity::Text(text)) => {
            let time = parse_duration(text);
            let time = time.map_err(|error| bad(name, format!("{} is {error}", show_text(text, 80))))?;
            u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
        }
        // Milliseconds, of which microseconds count.
        Some(Quantity::Number(number)) => ((number * 1e3).round() as u64).saturating_mul(1000),
    };
    if !(SHORTEST_DEADLINE..=LONGEST_DEADLINE).contains(&nanoseconds) {
        return Err(bad(name, "it must be between 100us and 10s: a worker serves nobody else meanwhile"));
    }
    Ok(Some(nanoseconds))
}

/// Without one the deadline bounds it.
fn cpu_time(given: Option<&Quantity>) -> Result<u64, OptionsError> {
    match given {
        Some(Quantity::Text(text)) if text == "none" => Ok(u64::MAX),
        _ => Ok(time("cpuTime", given)?.unwrap_or(u64::MAX)),
    }
}

fn fuel(given: Option<&Quantity>) -> Result<u64, OptionsError> {
    match given {
        None => Ok(u64::MAX),
        Some(Quantity::Text(text)) if text == "off" => Ok(u64::MAX),
        Some(Quantity::Number(number)) if whole(*number).is_some() => Ok(*number as u64),
        Some(_) => Err(bad("fuel", "give a whole number, or \"off\"")),
    }
}

fn whole(number: f64) -> Option<u64> {
    (number >= 0.0 && number.fract() == 0.0 && number <= LARGEST_NUMBER as f64).then_some(number as u64)
}
