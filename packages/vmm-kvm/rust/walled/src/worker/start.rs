//! From the start of the process to a machine that guests may be let into.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd};
use std::ptr;
use std::sync::Arc;

use seccompiler::{BackendError, BpfProgram};
use twinwall_abi::ErrorCode;
use twinwall_vmm_kvm::{BootOptions, CallError, Image, Limits, Machine, SavedRun, SavedState, Snapshot};

use super::link::{Link, Message};
use super::serve::{Parent, serve};
use super::{filter, rights};
use crate::keeper::FIRST;
use crate::wire::{Frame, Load, Start, VERSION, decode_start, encode_failure, encode_state, kind};

/// Rounds of a machine that does nothing, to see that one can be entered.
const CHECK_ROUNDS: usize = 8;

/// The files that the worker got from its parent.
struct Files {
    image: Mapped,
    /// What the image's read-only segments are mapped from.
    segments: Option<File>,
    attachments: Mapped,
    state: Mapped,
}

/// Runs the worker until its parent has gone.
pub(super) fn run() -> io::Result<()> {
    // SAFETY: the parent gives a socket by this number, and this is the only use of it.
    let mut link = unsafe { Link::inherited() };
    match start(&mut link) {
        Ok(Some(machine)) => serve(&mut link, machine),
        Ok(None) => Ok(()),
        Err(error) => link.send(&[encode_failure(&error).finish(0)]),
    }
}

/// Does what the parent wants first. Gives a machine if it wants one.
fn start(link: &mut Link) -> Result<Option<Machine>, CallError> {
    let broken = |error: io::Error| failed("the worker process cannot give up its rights", &error);
    rights::give_up().map_err(broken)?;
    let mut files = Files::inherited().map_err(|error| failed("the worker has no files", &error))?;
    // Opens /dev/kvm, for good.
    twinwall_vmm_kvm::processor()?;
    apply(filter::making())?;
    let mut hello = Frame::new(kind::HELLO);
    hello.u32(VERSION);
    let gone = |error: io::Error| failed("the parent has gone", &error);
    link.send(&[hello.finish(0)]).map_err(gone)?;
    let mut message = Message::default();
    link.receive(&mut message).map_err(gone)?;
    let wrong = |_| CallError::new(ErrorCode::Internal, "the worker does not understand what it is for");
    match decode_start(message.payload()).map_err(wrong)? {
        Start::Check => {
            twinwall_vmm_kvm::measure_floor(CHECK_ROUNDS)?;
            apply(filter::entering())?;
            ready(link)?;
            // The parent looks at the process, and ends it.
            link.receive(&mut message).map_err(gone)?;
            Ok(None)
        }
        Start::Boot { limits, seed, attachments, input } => {
            let state = boot(link, &mut files, limits, seed, &attachments, input)?;
            let mut frame = encode_state(&state);
            let memory: usize = state.runs.iter().map(|run| run.bytes.len()).sum();
            let head = frame.finish(memory);
            let pieces: Vec<&[u8]> =
                [head].into_iter().chain(state.runs.iter().map(|run| run.bytes.as_slice())).collect();
            link.send(&pieces).map_err(gone)?;
            Ok(None)
        }
        Start::Load(request) => {
            let machine = load(&mut files, &request)?;
            drop(files);
            guard(&request.limits, memory_of(&request))?;
            ready(link)?;
            Ok(Some(machine))
        }
    }
}

fn ready(link: &mut Link) -> Result<(), CallError> {
    let sent = link.send(&[Frame::new(kind::READY).finish(0)]);
    sent.map_err(|error| failed("the parent has gone", &error))
}

/// The last step before a guest runs.
fn guard(limits: &Limits, state: u64) -> Result<(), CallError> {
    /// Beside guests' memory: the program, images, attachments, buffers.
    const BESIDE: u64 = 4 << 30;
    /// How often a guest's memory may exist, as copies that a saved state goes through.
    const COPIES: u64 = 4;
    let own = state.saturating_add(limits.memory_bytes).saturating_add(limits.input_bytes);
    let all = own.saturating_add(limits.output_bytes).saturating_mul(COPIES).saturating_add(BESIDE);
    rights::limit(libc::RLIMIT_AS, all)
        .map_err(|error| failed("the worker's memory has no limit", &error))?;
    apply(filter::entering())
}

fn apply(filter: Result<BpfProgram, BackendError>) -> Result<(), CallError> {
    let refused = |error: String| {
        CallError::new(ErrorCode::Internal, format!("the kernel takes no filter of system calls: {error}"))
    };
    let filter = filter.map_err(|error| refused(error.to_string()))?;
    seccompiler::apply_filter(&filter).map_err(|error| refused(error.to_string()))
}

fn boot(
    link: &mut Link,
    files: &mut Files,
    limits: Limits,
    fixed_seed: Option<[u8; 32]>,
    attachments: &[(u64, bool)],
    input: &[u8],
) -> Result<SavedState, CallError> {
    let image = files.image()?;
    let attachments = files.attachments(attachments)?;
    let options = BootOptions { input, attachments: &attachments, limits, fixed_seed, recycle: false };
    let mut parent = Parent::new(link);
    let snapshot = Snapshot::boot_guarded(image, &options, &mut parent, || guard(&limits, 0))?;
    parent.flush();
    Ok(snapshot.save())
}

fn load(files: &mut Files, request: &Load) -> Result<Machine, CallError> {
    let Load { limits, seed, attachments, registers, runs, dirty_log } = request;
    // Finding that out takes a thread, and the same time in each worker.
    twinwall_vmm_kvm::adopt_dirty_log_costs(*dirty_log);
    let image = files.image()?;
    let attachments = files.attachments(attachments)?;
    let mut contents = files.state.bytes();
    let mut memory = Vec::with_capacity(runs.len());
    for &(address, length) in runs {
        let (bytes, rest) = split(contents, length)?;
        memory.push(SavedRun { address, bytes: bytes.to_vec() });
        contents = rest;
    }
    let state = SavedState { registers: *registers, runs: memory };
    // Recycling, so that the virtual machine that loading makes is the one that is used.
    let snapshot = Snapshot::load(image, &attachments, *limits, true, &state)?;
    let mut machine = snapshot.machine()?;
    // Where one is thrown away, the process goes: there is no reason to take it apart first.
    machine.keep_spent();
    if let Some(seed) = seed {
        machine.fix_seed(*seed);
    }
    Ok(machine)
}

fn memory_of(request: &Load) -> u64 {
    request.runs.iter().map(|(_, length)| length).sum()
}

impl Files {
    fn inherited() -> io::Result<Self> {
        // SAFETY: the parent gives files by these numbers, and this is the only use of them.
        let file = |number: i32| unsafe { File::from_raw_fd(FIRST + number) };
        let mapped = |number| Mapped::new(&file(number));
        Ok(Self { image: mapped(1)?, segments: Some(file(2)), attachments: mapped(3)?, state: mapped(4)? })
    }

    /// The image; once.
    fn image(&mut self) -> Result<Arc<Image>, CallError> {
        let missing = || CallError::new(ErrorCode::Internal, "the worker has no image");
        let segments = self.segments.take().ok_or_else(missing)?;
        Ok(Arc::new(Image::load_mapped(self.image.bytes(), segments.as_fd())?))
    }

    fn attachments(&self, list: &[(u64, bool)]) -> Result<Vec<(&[u8], bool)>, CallError> {
        let mut contents = self.attachments.bytes();
        let mut attachments = Vec::with_capacity(list.len());
        for &(length, executable) in list {
            let (bytes, rest) = split(contents, length)?;
            attachments.push((bytes, executable));
            contents = rest;
        }
        Ok(attachments)
    }
}

fn split(bytes: &[u8], length: u64) -> Result<(&[u8], &[u8]), CallError> {
    let parts = usize::try_from(length).ok().and_then(|length| bytes.split_at_checked(length));
    parts.ok_or_else(|| CallError::new(ErrorCode::Internal, "a file of the worker is too short"))
}

fn failed(what: &str, error: &io::Error) -> CallError {
    CallError::new(ErrorCode::Internal, format!("{what}: {error}"))
}

/// A sealed file, mapped to be read.
struct Mapped {
    address: *mut libc::c_void,
    length: usize,
}

impl Mapped {
    fn new(file: &File) -> io::Result<Self> {
        let length = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
        if length == 0 {
            return Ok(Self { address: ptr::null_mut(), length });
        }
        let descriptor = file.as_raw_fd();
        // SAFETY: a new mapping at an address that the kernel chooses touches no existing memory.
        let address =
            unsafe { libc::mmap(ptr::null_mut(), length, libc::PROT_READ, libc::MAP_PRIVATE, descriptor, 0) };
        if address == libc::MAP_FAILED {
            Err(io::Error::last_os_error())
        } else {
            Ok(Self { address, length })
        }
    }

    fn bytes(&self) -> &[u8] {
        if self.length == 0 {
            return &[];
        }
        // SAFETY: the file is sealed, so that its contents and length stay as they are while it is mapped.
        unsafe { std::slice::from_raw_parts(self.address.cast(), self.length) }
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        if self.length > 0 {
            // SAFETY: the range was mapped by `new`, is unmapped once, and no slice of it outlives the value.
            unsafe { libc::munmap(self.address, self.length) };
        }
    }
}
