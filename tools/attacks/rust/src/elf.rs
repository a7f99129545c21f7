//! The smallest ELF file that is an image: one executable segment, and the section `.twinwall`.

use twinwall_abi::layout::PAGE;
use twinwall_abi::{ABI_VERSION, IMAGE_MAGIC, IMAGE_SECTION, ImageHeader};

/// Where the code is mapped.
const ADDRESS: u64 = 0x40_0000;
const HEADER: u16 = 64;
const PROGRAM_HEADER: u16 = 56;
const SECTION_HEADER: u16 = 64;

/// An image of `code`, entered at its start and resumed at offset `resume`.
pub(crate) fn write(code: &[u8], resume: u64) -> Vec<u8> {
    let header = ImageHeader::new(IMAGE_MAGIC, ABI_VERSION, ADDRESS + resume, PAGE, 0, PAGE, PAGE, PAGE);
    let names = format!("\0{IMAGE_SECTION}\0.shstrtab\0");
    let (length, description) = (code.len() as u64, PAGE + (code.len() as u64).next_multiple_of(PAGE));
    let strings = description + header.0.len() as u64;
    let sections = (strings + names.len() as u64).next_multiple_of(8);

    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(16, 0);
    // An executable for x86-64, of one segment and three sections, the last of which names them.
    put(&mut file, &[(2, 2), (2, 62), (4, 1), (8, ADDRESS), (8, u64::from(HEADER)), (8, sections), (4, 0)]);
    put(&mut file, &[(2, HEADER.into()), (2, PROGRAM_HEADER.into()), (2, 1)]);
    put(&mut file, &[(2, SECTION_HEADER.into()), (2, 3), (2, 2)]);
    // Loadable, to be read and executed: offset, address twice, size in file and memory, alignment.
    put(
        &mut file,
        &[(4, 1), (4, 5), (8, PAGE), (8, ADDRESS), (8, ADDRESS), (8, length), (8, length), (8, PAGE)],
    );
    file.resize(PAGE as usize, 0);
    file.extend_from_slice(code);
    file.resize(description as usize, 0);
    file.extend_from_slice(&header.0);
    file.extend_from_slice(names.as_bytes());
    file.resize(sections as usize + usize::from(SECTION_HEADER), 0);
    // Name, type (data of the program, strings), flags, address, offset, size; link, information, alignment, entries.
    for (name, kind, offset, size) in [
        (1, 1, description, header.0.len() as u64),
        (2 + IMAGE_SECTION.len() as u64, 3, strings, names.len() as u64),
    ] {
        put(&mut file, &[(4, name), (4, kind), (8, 0), (8, 0), (8, offset), (8, size)]);
        put(&mut file, &[(4, 0), (4, 0), (8, 1), (8, 0)]);
    }
    file
}

/// Appends numbers of these sizes.
fn put(file: &mut Vec<u8>, numbers: &[(usize, u64)]) {
    for &(size, number) in numbers {
        file.extend_from_slice(&number.to_le_bytes()[..size]);
    }
}
