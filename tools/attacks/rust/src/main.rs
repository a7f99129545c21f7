//! Writes `hostile.elf`, an image whose functions are the attacks that the tests of the VMM core use, and `hostile.json`
//! with the function number of each. So the same hostile code runs through the Rust core and through the Node driver.
//!
//! Usage: `hostile-image FOLDER`

mod elf;

#[path = "../../../../packages/vmm-kvm/rust/core/src/tests/ring3/code.rs"]
mod attacks;

/// The guest of a few instructions that the core tests machines with, and what it takes to put code behind it. The core
/// keeps both to itself, so their sources are read here a second time.
#[path = "../../../../packages/vmm-kvm/rust/core/src/probe"]
mod probe {
    mod code;
    pub(crate) mod pieces;

    /// Bytes between the entries of the probe's table of functions.
    const BLOCK: usize = 64;

    /// The probe's code with `pieces` as further functions, each with its number; and where it resumes.
    pub(crate) fn with(pieces: &[(&'static str, &[u8])]) -> (Vec<u8>, Vec<(&'static str, usize)>, usize) {
        let code::Code { bytes, resume, table, gate } = code::Code::get();
        let mut code = bytes.to_vec();
        let mut numbers = Vec::new();
        for (name, piece) in pieces {
            code.resize(table + (code.len() - table).next_multiple_of(BLOCK), 0xcc);
            numbers.push((*name, (code.len() - table) / BLOCK));
            code.extend_from_slice(piece);
            // `jmp gate`
            let distance = gate as i32 - (code.len() as i32 + 5);
            code.push(0xe9);
            code.extend(distance.to_le_bytes());
        }
        (code, numbers, resume)
    }
}

fn main() -> std::io::Result<()> {
    let folder = std::path::PathBuf::from(std::env::args_os().nth(1).unwrap_or_else(|| ".".into()));
    let pieces: Vec<(&str, &[u8])> =
        attacks::NAMES.iter().filter_map(|&name| Some((name, attacks::piece(name)?))).collect();
    let (code, numbers, resume) = probe::with(&pieces);
    // Names hold letters, digits, commas and apostrophes: nothing that JSON escapes.
    let lines: Vec<String> = numbers.iter().map(|(name, number)| format!("  \"{name}\": {number}")).collect();
    std::fs::write(folder.join("hostile.elf"), elf::write(&code, resume as u64))?;
    std::fs::write(folder.join("hostile.json"), format!("{{\n{}\n}}\n", lines.join(",\n")))
}
