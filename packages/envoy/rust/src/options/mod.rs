//! The filter's configuration: a JSON object. `vectors/in-process-options.json` has cases that the TypeScript side
//! follows too.

mod limits;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;
use twinwall_host::{Limits, show_text};

use limits::RawLimits;

/// Most counters of a guest.
const MOST_COUNTERS: usize = 64;
/// Longest name of a counter, bytes.
const LONGEST_NAME: usize = 64;
/// Most machines of a worker that can be asked for.
const MOST_MACHINES: usize = 65_536;
/// Most machines of a worker that are made ahead.
const MOST_WARM: usize = 256;

/// Why a configuration was refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OptionsError {
    /// Not JSON.
    #[error("E_OPTION: connection options: {0}")]
    Json(serde_json::Error),
    /// Not of the form that is asked for.
    #[error("E_OPTION: connection options: {0}")]
    Form(serde_json::Error),
    /// Not an object.
    #[error("E_OPTION: connection options: expected an object")]
    NoObject,
    /// A value that makes no sense.
    #[error("E_OPTION: {name}: {reason}")]
    Value {
        /// Name of the option.
        name: &'static str,
        /// What is wrong.
        reason: String,
    },
}

/// What runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MachineChoice {
    /// The guest, in a KVM machine.
    #[default]
    Kvm,
    /// Nothing: data passes as it is. For measurements only.
    None,
    /// Nothing but one empty exit of a machine for each chunk: data passes as it is. For measurements only.
    Floor,
}

/// How long a guest keeps its state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// Each call starts from a clean slate.
    #[default]
    Call,
    /// For the connection's life.
    Connection,
}

/// Where a machine runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Placement {
    /// On Envoy's worker, which waits.
    #[default]
    Inline,
    /// On a thread of its own; its host calls come back to the worker.
    Thread,
}

/// Which directions go through the guest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Directions {
    /// Both.
    #[default]
    Both,
    /// From the client to the upstream.
    Read,
    /// From the upstream to the client.
    Write,
}

/// The filter's configuration, checked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Options {
    /// The `.cwasm` or native image; empty where nothing runs.
    pub(crate) module: PathBuf,
    /// SHA-256 of that file.
    pub(crate) sha256: [u8; 32],
    /// What runs.
    pub(crate) machine: MachineChoice,
    /// Limits of a call.
    pub(crate) limits: Limits,
    /// How long the guest keeps its state.
    pub(crate) state: State,
    /// Where the machine runs.
    pub(crate) placement: Placement,
    /// What goes through the guest.
    pub(crate) directions: Directions,
    /// No filter follows: what the guest passes on goes back to the client.
    pub(crate) terminal: bool,
    /// Counters that the guest may add to.
    pub(crate) counters: Vec<String>,
    /// Given to the guest once.
    pub(crate) init: String,
    /// Machines of each worker that are made ahead.
    pub(crate) warm: usize,
    /// Most machines of each worker.
    pub(crate) machines: usize,
}

/// The form of the JSON object. Names of options and defaults are those of the TypeScript side.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Raw {
    module: Option<String>,
    sha256: Option<String>,
    machine: Option<Value>,
    limits: Option<Value>,
    state: Option<Value>,
    placement: Option<Value>,
    directions: Option<Value>,
    terminal: Option<Value>,
    counters: Option<Value>,
    init: Option<Value>,
    warm: Option<Value>,
    machines: Option<Value>,
}

impl Options {
    /// Reads the configuration.
    ///
    /// # Errors
    /// [`OptionsError`], naming the option.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, OptionsError> {
        let value: Value = serde_json::from_slice(json).map_err(OptionsError::Json)?;
        // serde would take a list for an object.
        if !value.is_object() {
            return Err(OptionsError::NoObject);
        }
        let raw: Raw = serde_json::from_value(value).map_err(OptionsError::Form)?;
        let machine = option("machine", raw.machine)?.unwrap_or_default();
        let runs_guest = machine == MachineChoice::Kvm;
        let (module, sha256) = module(raw.module, raw.sha256, runs_guest)?;
        let placement = option("placement", raw.placement)?.unwrap_or_default();
        if !runs_guest && placement == Placement::Thread {
            return Err(bad("placement", "\"thread\" needs machine \"kvm\""));
        }
        let terminal = option("terminal", raw.terminal)?.unwrap_or_default();
        let machines = count("machines", raw.machines, 1, MOST_MACHINES, 1024)?;
        let warm = count("warm", raw.warm, 0, MOST_WARM, 1)?;
        if warm > machines {
            return Err(bad(
                "warm",
                format!("{warm} machines made ahead, but \"machines\" allows {machines}"),
            ));
        }
        let limits: RawLimits = option("limits", raw.limits)?.unwrap_or_default();
        Ok(Self {
            module,
            sha256,
            machine,
            limits: limits.check()?,
            state: option("state", raw.state)?.unwrap_or_default(),
            placement,
            directions: directions(option("directions", raw.directions)?, terminal)?,
            terminal,
            counters: counters(raw.counters)?,
            init: option("init", raw.init)?.unwrap_or_default(),
            warm,
            machines,
        })
    }
}

/// An option of some type; an error names it.
fn option<Type: serde::de::DeserializeOwned>(
    name: &'static str,
    value: Option<Value>,
) -> Result<Option<Type>, OptionsError> {
    value.map(serde_json::from_value).transpose().map_err(|error| bad(name, error.to_string()))
}

fn module(
    module: Option<String>,
    sha256: Option<String>,
    runs_guest: bool,
) -> Result<(PathBuf, [u8; 32]), OptionsError> {
    match (module, sha256) {
        (Some(path), Some(hash)) if runs_guest && !path.is_empty() => Ok((path.into(), parse_hash(&hash)?)),
        (Some(path), None) if runs_guest && !path.is_empty() => {
            Err(bad("sha256", "the hash of the module's file is required"))
        }
        (_, _) if runs_guest => Err(bad("module", "the path of a .cwasm or of a native image is missing")),
        (None, None) => Ok((PathBuf::new(), [0; 32])),
        (Some(_), _) => Err(bad("module", "without machine \"kvm\" no module runs; leave it out")),
        (None, Some(_)) => Err(bad("sha256", "without machine \"kvm\" no module runs; leave it out")),
    }
}

fn parse_hash(text: &str) -> Result<[u8; 32], OptionsError> {
    let wrong = || bad("sha256", format!("{} is not 64 hexadecimal digits", show_text(text, 80)));
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    let mut hash = [0; 32];
    for (byte, at) in hash.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| wrong())?;
    }
    Ok(hash)
}

/// What comes from an upstream never passes a filter that ends the chain.
fn directions(given: Option<Directions>, terminal: bool) -> Result<Directions, OptionsError> {
    match (given, terminal) {
        (None | Some(Directions::Read), true) => Ok(Directions::Read),
        (Some(_), true) => Err(bad("terminal", "there is no filter behind: \"directions\" must be \"read\"")),
        (given, false) => Ok(given.unwrap_or_default()),
    }
}

fn counters(given: Option<Value>) -> Result<Vec<String>, OptionsError> {
    let names: Vec<String> = option("counters", given)?.unwrap_or_default();
    if names.len() > MOST_COUNTERS {
        return Err(bad(
            "counters",
            format!("{} names are more than the most, {MOST_COUNTERS}", names.len()),
        ));
    }
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    for (index, name) in names.iter().enumerate() {
        let shown = || show_text(name, 80);
        if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(plain) {
            return Err(bad("counters", format!("{} is no name: give 1 to 64 of a-z, 0-9 and _", shown())));
        }
        if names[..index].contains(name) {
            return Err(bad("counters", format!("{} is there twice", shown())));
        }
    }
    Ok(names)
}

fn count(
    name: &'static str,
    given: Option<Value>,
    least: usize,
    most: usize,
    default: usize,
) -> Result<usize, OptionsError> {
    let count = option(name, given)?.unwrap_or(default);
    if (least..=most).contains(&count) {
        return Ok(count);
    }
    Err(bad(name, format!("{count} is not between {least} and {most}")))
}

pub(super) fn bad(name: &'static str, reason: impl Into<String>) -> OptionsError {
    OptionsError::Value { name, reason: reason.into() }
}
