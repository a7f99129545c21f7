//! The proof that instructions work in guests: ring 3 executes them, and the results are what they must be.

use std::arch::x86_64::CpuidResult;

use kvm_bindings::kvm_cpuid_entry2;
use twinwall_abi::ErrorCode;

use super::{INSTRUCTION_SETS, InstructionSet, NOTHING, known_leaf};
use crate::error::CallError;
use crate::host::NoHost;
use crate::machine::{Hypervisor, Machine};
use crate::probe;
use crate::self_test::call_function;
use crate::snapshot::{BootOptions, Snapshot};

/// The self-test of all sets: each that a guest is told of does in ring 3 what it must. Returns which there are.
pub(crate) fn test() -> Result<String, CallError> {
    test_pieces(Hypervisor::get()?.cpuid(), probe::instructions::piece)
}

/// As [`test()`], with the code for each set of a name, on machines whose CPUID is `announced`.
pub(crate) fn test_pieces(
    announced: &[kvm_cpuid_entry2],
    code: impl Fn(&'static str) -> Option<&'static [u8]>,
) -> Result<String, CallError> {
    let mut guest = Guest::boot(code)?;
    let cpuid = guest.cpuid()?;
    let (mut found, mut absent) = (Vec::new(), Vec::new());
    for (number, set) in INSTRUCTION_SETS.iter().enumerate() {
        let leaf = known_leaf(set.leaf, &cpuid);
        let seen = set.is_in(leaf.ebx, leaf.ecx);
        let execute = || guest.execute(number + 1, &bytes(set.input));
        let works = verdict(set, set.is_announced(announced), seen, execute)?;
        if works { &mut found } else { &mut absent }.push(set.name);
    }
    let found = format!("{} work", found.join(", "));
    Ok(match &absent[..] {
        [] => found,
        absent => format!("{found}, absent: {} (compiled modules need them)", absent.join(", ")),
    })
}

/// Whether a guest has the set: `announced` says what the hypervisor was asked to show, `seen` what the guest's own
/// CPUID showed, and `execute` runs the set's piece of code.
pub(crate) fn verdict(
    set: &InstructionSet,
    announced: bool,
    seen: bool,
    execute: impl FnOnce() -> Result<Vec<u8>, CallError>,
) -> Result<bool, CallError> {
    const REMEDY: &str = "update this host's kernel, or the hypervisor that the host itself runs in";
    let InstructionSet { name, expected, .. } = set;
    let problem = match (announced, seen) {
        (false, false) => return Ok(false),
        (true, false) => format!("guests do not see {name} in CPUID, though they were to be told of it"),
        // What the guest sees is what it goes by, whoever told it.
        (_, true) => match execute() {
            Ok(output) if output == bytes(expected) => return Ok(true),
            Ok(output) => {
                let output = output.chunks(8).map(hexadecimal).collect::<Vec<_>>().join(" ");
                let expected = expected.iter().map(|word| format!("{word:#x}")).collect::<Vec<_>>().join(" ");
                format!("{name} works wrongly in guests: it gave {output} instead of {expected}")
            }
            Err(error) => format!("{name} does not work in guests, though their CPUID has it: {error}"),
        },
    };
    Err(CallError::new(ErrorCode::Internal, format!("{problem}; {REMEDY}")))
}

/// The probe with a piece for CPUID and then one for each set.
struct Guest {
    machine: Machine,
    /// Function numbers of the pieces.
    numbers: Vec<u32>,
}

impl Guest {
    fn boot(code: impl Fn(&'static str) -> Option<&'static [u8]>) -> Result<Self, CallError> {
        let names = std::iter::once("CPUID").chain(INSTRUCTION_SETS.iter().map(|set| set.name));
        let pieces = names.map(|name| {
            let missing = || CallError::new(ErrorCode::Internal, format!("the probe has no code for {name}"));
            code(name).ok_or_else(missing)
        });
        let (image, numbers) = probe::image_with(&pieces.collect::<Result<Vec<_>, _>>()?)?;
        Ok(Self { machine: Snapshot::boot(image, &BootOptions::default(), &mut NoHost)?.machine()?, numbers })
    }

    fn execute(&mut self, piece: usize, input: &[u8]) -> Result<Vec<u8>, CallError> {
        call_function(&mut self.machine, self.numbers[piece], input, false)
    }

    /// CPUID as the guest sees it: of the leaves that tell of sets, and of those that tell the highest leaf.
    fn cpuid(&mut self) -> Result<impl Fn(u32) -> CpuidResult + use<>, CallError> {
        const LEAVES: [u32; 5] = [0, 0x8000_0000, 1, 7, 0x8000_0001];
        let input: Vec<u64> = [LEAVES.len() as u64].into_iter().chain(LEAVES.map(u64::from)).collect();
        let output = self.execute(0, &bytes(&input))?;
        Ok(move |leaf| {
            let place = LEAVES.iter().position(|&known| known == leaf);
            let answer = place.and_then(|place| output.as_chunks::<4>().0.as_chunks::<4>().0.get(place));
            answer.map_or(NOTHING, |answer| {
                let [eax, ebx, ecx, edx] = answer.map(u32::from_le_bytes);
                CpuidResult { eax, ebx, ecx, edx }
            })
        })
    }
}

fn bytes(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// Up to eight bytes as the number that they make.
fn hexadecimal(bytes: &[u8]) -> String {
    let value = bytes.iter().rev().fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
    format!("{value:#x}")
}
