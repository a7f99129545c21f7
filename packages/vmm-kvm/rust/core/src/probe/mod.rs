//! A guest of a few instructions that speaks the machine's contract: for the self-test, the floors and the tests.
//!
//! It answers function numbers with one behaviour each, the well-behaved first, the hostile ones behind them.

mod code;
pub(crate) mod instructions;
pub(crate) mod pieces;
pub(crate) mod stores;

use std::sync::Arc;

use crate::error::LoadError;
use crate::image::Image;
use code::Code;

/// What the probe does in a call; the number is the call's function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
#[allow(dead_code, reason = "the hostile behaviours are used by tests only")]
pub(crate) enum Behaviour {
    /// Nothing: done at once.
    Nothing = 0,
    /// Stores the input's first 8 bytes in memory, in `r12` and in `xmm5`.
    Keep,
    /// Returns the 8 bytes in memory.
    Tell,
    /// Returns `r12`.
    TellRegister,
    /// Touches the stack 300 KiB below its top and comes back.
    DeepStack,
    /// `ud2`.
    UndefinedInstruction,
    /// `jmp $`.
    Loop,
    /// Writes a port that is not the gate.
    OtherPort,
    /// Reads from the gate's port.
    ReadGate,
    /// Writes two bytes to the gate's port.
    WideGate,
    /// `rep outsb` to the gate's port.
    RepeatedGate,
    /// `insb` from the gate's port to the stack.
    StringInput,
    /// Reports an exception from ring 3.
    ForgedException,
    /// Reads address 0.
    NullRead,
    /// Reads ring 0's descriptor tables.
    SystemRead,
    /// Writes its own code.
    WriteCode,
    /// Jumps to its stack.
    ExecuteStack,
    /// Touches the guard below the stack window.
    BelowStack,
    /// `hlt`.
    Halt,
    /// `syscall`.
    SystemCall,
    /// `rdmsr`.
    ReadMsr,
    /// Loads CR3.
    LoadTables,
    /// `int 0x80`.
    SoftwareInterrupt,
    /// Divides by zero.
    Divide,
    /// Hypercall of AMD processors.
    Vmmcall,
    /// A report whose output lies outside the area.
    BadOutput,
    /// A report of an operation that does not exist.
    BadOperation,
    /// An outbox of 2^63 bytes.
    BadOutbox,
    /// Asks for growth at the address in the input, then is done; the answer's status is the output.
    Grow,
    /// Growth without end.
    GrowForever,
    /// Answers another request.
    WrongRequest,
    /// Stores the input's first 8 bytes as FS base, by `wrfsbase`.
    KeepSegmentBase,
    /// Returns the FS base, by `rdfsbase`.
    TellSegmentBase,
    /// Loads the null selector into `gs` and the data selector into `fs`.
    LoadSelectors,
    /// Returns `xmm5`.
    TellVector,
    /// Stores the input's first 8 bytes in mask register 1, by AVX-512.
    KeepMask,
    /// Returns mask register 1.
    TellMask,
}

/// The probe as an image.
pub(crate) fn image() -> Result<Arc<Image>, LoadError> {
    let Code { bytes, resume, .. } = Code::get();
    Image::from_code(bytes, resume as u64).map(Arc::new)
}

/// The probe with more behaviours behind its own: code that may do anything, and that comes to the gate when it runs
/// through. Returns the image and the function number of each.
///
/// A behaviour starts with the report of an empty reply in place, the mailbox in `rbx`, the output area in `r8`, the
/// input area in `r9` and the top of the stack in `r10`.
pub(crate) fn image_with(behaviours: &[&[u8]]) -> Result<(Arc<Image>, Vec<u32>), LoadError> {
    const BLOCK: usize = 64;
    let Code { bytes, resume, table, gate } = Code::get();
    let mut code = bytes.to_vec();
    let mut numbers = Vec::new();
    for behaviour in behaviours {
        code.resize(table + (code.len() - table).next_multiple_of(BLOCK), 0xcc);
        numbers.push(((code.len() - table) / BLOCK) as u32);
        code.extend_from_slice(behaviour);
        let distance = gate as i32 - (code.len() as i32 + 5);
        code.push(0xe9);
        code.extend(distance.to_le_bytes());
    }
    let image = Image::from_code(&code, resume as u64)?;
    Ok((Arc::new(image), numbers))
}
