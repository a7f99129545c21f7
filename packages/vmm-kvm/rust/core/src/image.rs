//! Loading of images: static ELF executables with a `.twinwall` section.

use std::os::fd::BorrowedFd;

use object::elf::{ET_EXEC, FileHeader64, PF_W, PF_X, PT_INTERP, PT_LOAD};
use object::read::elf::{FileHeader, ProgramHeader};
use object::{Endianness, Object, ObjectSection};
use twinwall_abi::layout::{AREA_WINDOW, HEAP_WINDOW, LARGE_PAGE, MAILBOX, OUTBOX_MAX, PAGE, STACK_WINDOW};
use twinwall_abi::{ABI_VERSION, IMAGE_MAGIC, IMAGE_SECTION, ImageHeader};

use crate::error::LoadError;
use crate::memory::{Access, HostMemory};

/// Largest image: it must end below the mailbox, and its read-only part is held in host memory.
const MAX_BYTES: u64 = 256 << 20;

/// A read-only segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub(crate) address: u64,
    pub(crate) length: u64,
    pub(crate) access: Access,
    /// Whether its large pages hold no other segment.
    pub(crate) large: bool,
}

/// The writable segment: each machine has its own copy.
#[derive(Debug, Default)]
pub(crate) struct Writable {
    pub(crate) address: u64,
    pub(crate) contents: Vec<u8>,
}

/// What runs inside a machine: code and data of a freestanding program that speaks the guest ABI.
#[derive(Debug)]
pub struct Image {
    pub(crate) entry: u64,
    pub(crate) header: ImageHeader,
    pub(crate) segments: Vec<Segment>,
    /// The read-only segments, at their distances from [`Self::base`]: all machines of the image share it.
    pub(crate) memory: HostMemory,
    /// Guest virtual address of the first byte of [`Self::memory`].
    pub(crate) base: u64,
    pub(crate) writable: Writable,
}

/// A program header, checked.
#[derive(Clone, Copy)]
struct Load<'a> {
    address: u64,
    length: u64,
    flags: u32,
    data: &'a [u8],
}

impl Image {
    /// Reads an ELF file, and copies its read-only segments to where machines will see them.
    ///
    /// # Errors
    /// [`LoadError`] when the file is not a static x86-64 executable, breaks the image contract, or was built for
    /// another ABI version.
    pub fn load(elf: &[u8]) -> Result<Self, LoadError> {
        Self::read(elf, copied)
    }

    /// Reads an ELF file whose read-only segments lie in a file already, as [`Self::shared_memory`] of the same image gave them:
    /// processes that map it share its pages. That file must be one that nobody can change.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_mapped(elf: &[u8], memory: BorrowedFd<'_>) -> Result<Self, LoadError> {
        Self::read(elf, |_, _, length| Ok(HostMemory::of_file(memory, length)?))
    }

    /// The read-only segments, as machines see them.
    #[must_use]
    pub fn shared_memory(&self) -> &[u8] {
        self.memory.slice()
    }

    fn read(elf: &[u8], memory: impl Memory) -> Result<Self, LoadError> {
        let file = object::read::elf::ElfFile64::<Endianness>::parse(elf).map_err(LoadError::Elf)?;
        let header = read_header(&file)?;
        let raw = FileHeader64::<Endianness>::parse(elf).map_err(LoadError::Elf)?;
        let endian = raw.endian().map_err(LoadError::Elf)?;
        if raw.e_type(endian) != ET_EXEC || raw.e_machine(endian) != object::elf::EM_X86_64 {
            return Err(LoadError::Rule("it is not a static x86-64 executable"));
        }
        let loads = read_loads(raw, endian, elf)?;
        let entry = raw.e_entry(endian);
        Self::assemble(&loads, entry, header, memory)
    }

    /// An image of one executable segment, for self-tests and measurements.
    pub(crate) fn from_code(code: &[u8], resume_offset: u64) -> Result<Self, LoadError> {
        let address = 0x40_0000;
        let length = (code.len() as u64).next_multiple_of(PAGE);
        let load = Load { address, length, flags: PF_X, data: code };
        let header =
            ImageHeader::new(IMAGE_MAGIC, ABI_VERSION, address + resume_offset, PAGE, 0, PAGE, PAGE, PAGE);
        Self::assemble(&[load], address, header, copied)
    }

    fn assemble(
        loads: &[Load<'_>],
        entry: u64,
        header: ImageHeader,
        memory: impl Memory,
    ) -> Result<Self, LoadError> {
        check_header(&header)?;
        check_loads(loads)?;
        let executable = |address: u64| {
            loads.iter().any(|load| {
                load.flags & PF_X != 0 && (load.address..load.address + load.length).contains(&address)
            })
        };
        if !executable(entry) || !executable(header.resume()) {
            return Err(LoadError::Rule("entry and resume address must lie in executable memory"));
        }
        let writable = match loads.iter().filter(|load| load.flags & PF_W != 0).collect::<Vec<_>>()[..] {
            [] => Writable::default(),
            [load] => private_copy(load),
            _ => return Err(LoadError::Rule("more than one writable segment")),
        };
        let segments: Vec<Segment> =
            loads.iter().filter(|load| load.flags & PF_W == 0).map(|load| segment(load, loads)).collect();
        let (base, length) = shared_range(&segments)?;
        let memory = memory(loads, base, length)?;
        Ok(Self { entry, header, segments, memory, base, writable })
    }
}

fn read_header(file: &object::read::elf::ElfFile64<'_, Endianness>) -> Result<ImageHeader, LoadError> {
    let missing = LoadError::Rule("no `.twinwall` section");
    let section = file.section_by_name(IMAGE_SECTION).ok_or(missing)?;
    let data = section.data().map_err(LoadError::Elf)?;
    let bytes = data.first_chunk::<56>().ok_or(LoadError::Rule("its `.twinwall` section is too short"))?;
    let header = ImageHeader(*bytes);
    if header.magic() != IMAGE_MAGIC {
        return Err(LoadError::Rule("its `.twinwall` section has another magic number"));
    }
    if header.version() != ABI_VERSION {
        return Err(LoadError::Version { found: header.version(), expected: ABI_VERSION });
    }
    Ok(header)
}

fn check_header(header: &ImageHeader) -> Result<(), LoadError> {
    let sizes = [
        (header.stack_bytes(), STACK_WINDOW),
        (header.heap_bytes(), HEAP_WINDOW),
        (header.input_bytes(), AREA_WINDOW),
        (header.output_bytes(), AREA_WINDOW),
        (header.outbox_bytes(), OUTBOX_MAX),
    ];
    if sizes.iter().any(|&(size, most)| size % PAGE != 0 || size > most) {
        return Err(LoadError::Rule("a size in its header is not a page multiple or too large"));
    }
    if header.stack_bytes() == 0 {
        return Err(LoadError::Rule("it has no stack"));
    }
    Ok(())
}

fn read_loads<'a>(
    raw: &FileHeader64<Endianness>,
    endian: Endianness,
    elf: &'a [u8],
) -> Result<Vec<Load<'a>>, LoadError> {
    let mut loads = Vec::new();
    for program in raw.program_headers(endian, elf).map_err(LoadError::Elf)? {
        if program.p_type(endian) == PT_INTERP {
            return Err(LoadError::Rule("it needs a dynamic linker"));
        }
        if program.p_type(endian) != PT_LOAD || program.p_memsz(endian) == 0 {
            continue;
        }
        let data =
            program.data(endian, elf).map_err(|()| LoadError::Rule("a segment lies outside the file"))?;
        let (address, length) = (program.p_vaddr(endian), program.p_memsz(endian));
        if (data.len() as u64) > length {
            return Err(LoadError::Rule("a segment is shorter in memory than in the file"));
        }
        loads.push(Load { address, length, flags: program.p_flags(endian), data });
    }
    Ok(loads)
}

fn check_loads(loads: &[Load<'_>]) -> Result<(), LoadError> {
    let mut pages: Vec<(u64, u64)> = Vec::new();
    for load in loads {
        if load.flags & PF_W != 0 && load.flags & PF_X != 0 {
            return Err(LoadError::Rule("a segment is writable and executable"));
        }
        let end =
            load.address.checked_add(load.length).filter(|&end| end <= MAILBOX && load.length <= MAX_BYTES);
        let end = end.ok_or(LoadError::Rule("a segment lies outside the range for images"))?;
        if load.address < LARGE_PAGE {
            return Err(LoadError::Rule("a segment lies in the range of the system pages"));
        }
        pages.push((load.address / PAGE, end.div_ceil(PAGE)));
    }
    pages.sort_unstable();
    if pages.windows(2).any(|pair| pair[0].1 > pair[1].0) {
        return Err(LoadError::Rule("two segments share a page"));
    }
    Ok(())
}

fn private_copy(load: &Load<'_>) -> Writable {
    let address = load.address / PAGE * PAGE;
    let skip = (load.address - address) as usize;
    let length = (skip as u64 + load.length).next_multiple_of(PAGE) as usize;
    let mut contents = vec![0; length];
    contents[skip..skip + load.data.len()].copy_from_slice(load.data);
    Writable { address, contents }
}

/// The segment of a read-only program header: in large pages where no other segment shares them.
fn segment(load: &Load<'_>, loads: &[Load<'_>]) -> Segment {
    let large_pages =
        |load: &Load<'_>| (load.address / LARGE_PAGE, (load.address + load.length).div_ceil(LARGE_PAGE));
    let (first, end) = large_pages(load);
    let large = loads.iter().all(|other| {
        let (other_first, other_end) = large_pages(other);
        other.address == load.address || other_end <= first || end <= other_first
    });
    let step = if large { LARGE_PAGE } else { PAGE };
    let address = load.address / step * step;
    let length = (load.address + load.length).next_multiple_of(step) - address;
    let access = if load.flags & PF_X != 0 { Access::Execute } else { Access::Read };
    Segment { address, length, access, large }
}

/// Gives the memory of read-only segments: of these program headers, from this address on, of so many bytes.
trait Memory: FnOnce(&[Load<'_>], u64, usize) -> Result<HostMemory, LoadError> {}

impl<F: FnOnce(&[Load<'_>], u64, usize) -> Result<HostMemory, LoadError>> Memory for F {}

/// Address and length of the one stretch of memory that all read-only segments lie in.
fn shared_range(segments: &[Segment]) -> Result<(u64, usize), LoadError> {
    let empty = LoadError::Rule("it has no read-only segment");
    let first = segments.iter().map(|segment| segment.address).min().ok_or(empty)? / LARGE_PAGE * LARGE_PAGE;
    let end = segments.iter().map(|segment| segment.address + segment.length).max().unwrap_or(first);
    let length = (end - first).next_multiple_of(LARGE_PAGE);
    if length > MAX_BYTES {
        return Err(LoadError::Rule("its read-only segments are too far apart"));
    }
    Ok((first, length as usize))
}

/// Copies the read-only segments to sealed memory.
fn copied(loads: &[Load<'_>], first: u64, length: usize) -> Result<HostMemory, LoadError> {
    let mut memory = HostMemory::large(length)?;
    for load in loads.iter().filter(|load| load.flags & PF_W == 0) {
        let outside = LoadError::Rule("a segment is larger than its memory");
        memory.write((load.address - first) as usize, load.data).ok_or(outside)?;
    }
    memory.seal()?;
    Ok(memory)
}
