//! A guest of a few instructions, a host, and machines.

use std::sync::Arc;
use std::time::Duration;

use twinwall_abi::outbox::Entry;
use twinwall_abi::{ABI_VERSION, CallKind, ErrorCode, IMAGE_MAGIC, ImageHeader, RecordKind};
use twinwall_vmm_kvm::{BootOptions, Call, CallError, Host, Image, Limits, NoHost, SavedState, TimeLimit};
use twinwall_walled::{Machine, Program, Snapshot, WalledImage};

/// What the guest does; its code and what its functions are stand where it is written down.
pub(crate) const ECHO: u32 = 0;
pub(crate) const ASK: u32 = 1;
pub(crate) const LOOP: u32 = 2;
pub(crate) const TALK: u32 = 3;
pub(crate) const PRINT: u32 = 4;
pub(crate) const COUNT: u32 = 5;

/// The host function that it calls.
pub(crate) const FUNCTION: u32 = 7;

const LISTING: &str = include_str!("../../../../test/support/guest.ts");
const PAGE: usize = 4096;
const ADDRESS: u64 = 0x40_0000;
const RESUME: u64 = 0x90;

/// The guest as an ELF file of three pages: headers, code, and what describes the image.
pub(crate) fn guest_file() -> Vec<u8> {
    let mut file = vec![0; 3 * PAGE];
    for line in LISTING.lines() {
        let mut words = line.strip_prefix("  ").unwrap_or("").split_whitespace();
        let (Some(offset), Some(code)) = (words.next(), words.next()) else { continue };
        let Ok(offset) = usize::from_str_radix(offset, 16) else { continue };
        let code: Option<Vec<u8>> = code
            .as_bytes()
            .chunks(2)
            .map(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok())
            .collect();
        if let Some(code) = code {
            put(&mut file, PAGE + offset, &code);
        }
    }
    put(&mut file, PAGE + 0x400 + 24, &0x1f80_u32.to_le_bytes());
    write_headers(&mut file);
    let page = PAGE as u64;
    let (stack, areas, outbox) = (page, 16 * page, 2 * page);
    let header = ImageHeader::new(IMAGE_MAGIC, ABI_VERSION, ADDRESS + RESUME, stack, 0, areas, areas, outbox);
    put(&mut file, 2 * PAGE, &header.0);
    file
}

fn put(file: &mut [u8], at: usize, bytes: &[u8]) {
    file[at..at + bytes.len()].copy_from_slice(bytes);
}

/// One executable segment, and the section `.twinwall`.
fn write_headers(file: &mut [u8]) {
    let (page, names, sections) = (PAGE as u64, 2 * PAGE + 0x80, 2 * PAGE + 0x100);
    put(file, 0, &[0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
    pack(file, 16, &[(2, 2), (2, 62), (4, 1), (8, ADDRESS), (8, 64), (8, sections as u64), (4, 0)]);
    pack(file, 52, &[(2, 64), (2, 56), (2, 1), (2, 64), (2, 3), (2, 2)]);
    let segment = [(4, 1), (4, 5), (8, page), (8, ADDRESS), (8, ADDRESS), (8, page), (8, page), (8, page)];
    pack(file, 64, &segment);
    pack(file, sections + 64, &[(4, 1), (4, 1), (8, 0), (8, 0), (8, 2 * page), (8, 56)]);
    pack(file, sections + 128, &[(4, 11), (4, 3), (8, 0), (8, 0), (8, names as u64), (8, 21)]);
    put(file, names, b"\0.twinwall\0.shstrtab\0");
}

/// Writes numbers of these sizes one after the other.
fn pack(file: &mut [u8], mut at: usize, values: &[(usize, u64)]) {
    for &(size, value) in values {
        put(file, at, &value.to_le_bytes()[..size]);
        at += size;
    }
}

pub(crate) fn image() -> Arc<WalledImage> {
    let file = guest_file();
    let image = Arc::new(Image::load(&file).expect("an image"));
    Arc::new(WalledImage::new(image, &file).expect("memory"))
}

/// The real worker.
pub(crate) fn program() -> Arc<Program> {
    program_of(env!("CARGO_BIN_EXE_twinwall-worker"))
}

/// Another program in its place.
pub(crate) fn program_of(path: &str) -> Arc<Program> {
    let bytes = std::fs::read(path).expect("the program was built");
    Arc::new(Program::new(&bytes).expect("memory"))
}

pub(crate) fn small() -> Limits {
    Limits {
        memory_bytes: 1 << 20,
        input_bytes: 1 << 16,
        output_bytes: 1 << 16,
        // However busy the host is.
        deadline: 30_000_000_000,
        ..Limits::default()
    }
}

pub(crate) fn snapshot(limits: Limits, recycle: bool) -> Arc<Snapshot> {
    let options = BootOptions { limits, recycle, ..BootOptions::default() };
    Snapshot::boot(program(), image(), &options, &mut NoHost).expect("the guest boots")
}

pub(crate) fn machine(limits: Limits) -> Machine {
    snapshot(limits, false).machine().expect("a worker")
}

/// A state of the guest.
pub(crate) fn state() -> SavedState {
    snapshot(small(), false).save().expect("a state")
}

pub(crate) fn call_of(function: u32, input: &[u8], restore: bool) -> Call<'_> {
    Call { kind: CallKind::Bytes, function, input, continues: false, restore, exact: false }
}

/// A call with a clean slate and without a host.
pub(crate) fn call(machine: &mut Machine, function: u32, input: &[u8]) -> Result<Vec<u8>, CallError> {
    let mut output = Vec::new();
    machine.call(&call_of(function, input, true), &mut NoHost, &mut output)?;
    Ok(output)
}

/// The machine answers.
pub(crate) fn assert_usable(machine: &mut Machine) {
    assert_eq!(call(machine, ECHO, b"still there"), Ok(b"still there".to_vec()));
}

pub(crate) fn words(values: &[u64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// A host that writes down what it gets, and answers by a function.
pub(crate) struct Scribe<Answer> {
    pub(crate) calls: Vec<(u32, Vec<u8>)>,
    pub(crate) records: Vec<(RecordKind, Vec<u8>)>,
    answer: Answer,
}

impl<Answer: FnMut(&[u8]) -> Result<Vec<u8>, ErrorCode>> Scribe<Answer> {
    pub(crate) fn new(answer: Answer) -> Self {
        Self { calls: Vec::new(), records: Vec::new(), answer }
    }
}

impl<Answer: FnMut(&[u8]) -> Result<Vec<u8>, ErrorCode>> Host for Scribe<Answer> {
    fn call(&mut self, function: u32, arguments: &[u8], _limit: TimeLimit) -> Result<Vec<u8>, ErrorCode> {
        self.calls.push((function, arguments.to_vec()));
        (self.answer)(arguments)
    }

    fn record(&mut self, entry: Entry<'_>, _limit: TimeLimit) {
        self.records.push((entry.kind, entry.data.to_vec()));
    }
}

/// Fields of `/proc/PID/stat` behind the name, which may have any character in it: from the state, field 3, on. None of a
/// process that is gone.
pub(crate) fn stat_fields(process: u32) -> Vec<String> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields = text.rsplit_once(") ").map_or("", |(_, fields)| fields);
    fields.split_whitespace().map(str::to_owned).collect()
}

/// Waits until a process does not run any more.
pub(crate) fn wait_for_end(process: u32) {
    for _ in 0..2000 {
        let text = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        if text.is_empty() || text.contains("State:\tZ") {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("process {process} does not end");
}
