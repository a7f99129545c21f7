//! Snapshots whose machines stand in worker processes.

use std::sync::{Arc, Mutex, PoisonError};

use twinwall_abi::ErrorCode;
use twinwall_vmm_kvm::{BootOptions, CallError, Host, Image, Limits, SAVED_REGISTERS, SavedRun, SavedState};

use crate::channel::Quiet;
use crate::error::{Broken, breach, no_worker};
use crate::exchange::{Exchange, START_TIME, expect_ready, most_of_state, time_for};
use crate::keeper::Worker;
use crate::machine::Machine;
use crate::memory_file::MemoryFile;
use crate::program::Program;
use crate::wire::{Load, Reply, Start, decode_reply, encode_start};

/// Workers kept for later machines of a snapshot. Each is a process with its memory; starting one takes milliseconds.
const IDLE_WORKERS: usize = 2;

/// An image, and the files from which workers load it.
#[derive(Debug)]
pub struct WalledImage {
    image: Arc<Image>,
    file: MemoryFile,
    /// Its read-only segments as machines see them: workers share the pages.
    memory: MemoryFile,
}

impl WalledImage {
    /// Takes over an image, with the ELF file that it was loaded from.
    ///
    /// # Errors
    /// [`ErrorCode::Internal`] when the system gives no memory for it.
    pub fn new(image: Arc<Image>, elf: &[u8]) -> Result<Self, CallError> {
        let file = MemoryFile::new(c"twinwall-image", &[elf]).map_err(|error| no_worker(&error))?;
        let memory = MemoryFile::new(c"twinwall-segments", &[image.shared_memory()]);
        Ok(Self { memory: memory.map_err(|error| no_worker(&error))?, image, file })
    }

    /// Whether it is made of this image.
    #[must_use]
    pub fn is_of(&self, image: &Arc<Image>) -> bool {
        Arc::ptr_eq(&self.image, image)
    }
}

/// The state of a ready image, from which workers make machines. The guest's boot runs in a worker, too.
#[derive(Debug)]
pub struct Snapshot {
    program: Arc<Program>,
    image: Arc<WalledImage>,
    attachments: Attachments,
    registers: [u64; SAVED_REGISTERS],
    /// Addresses and lengths of the memory, whose contents lie in the file, one range behind the other.
    runs: Vec<(u64, u64)>,
    contents: MemoryFile,
    writable_bytes: u64,
    limits: Limits,
    fixed_seed: Option<[u8; 32]>,
    idle: Option<Mutex<Vec<Worker>>>,
}

/// Attachments in a file, one behind the other.
#[derive(Debug)]
struct Attachments {
    file: MemoryFile,
    /// Bytes of each, and whether it is executable.
    list: Vec<(u64, bool)>,
}

impl Attachments {
    fn new(contents: &[(&[u8], bool)]) -> Result<Self, CallError> {
        let pieces: Vec<&[u8]> = contents.iter().map(|(bytes, _)| *bytes).collect();
        let file = MemoryFile::new(c"twinwall-attachments", &pieces).map_err(|error| no_worker(&error))?;
        let list = contents.iter().map(|(bytes, executable)| (bytes.len() as u64, *executable)).collect();
        Ok(Self { file, list })
    }
}

impl Snapshot {
    /// Boots an image in a worker, and keeps what it is when it is ready. That worker ends then.
    ///
    /// # Errors
    /// As [`twinwall_vmm_kvm::Snapshot::boot`]; [`ErrorCode::Internal`] and [`ErrorCode::BadReply`] when the worker fails.
    pub fn boot(
        program: Arc<Program>,
        image: Arc<WalledImage>,
        options: &BootOptions<'_>,
        host: &mut dyn Host,
    ) -> Result<Arc<Self>, CallError> {
        let BootOptions { limits, fixed_seed, .. } = *options;
        let attachments = Attachments::new(options.attachments)?;
        let files = [&image.file, &image.memory, &attachments.file, &program.nothing];
        let (seed, list, input) = (fixed_seed, attachments.list.clone(), options.input);
        let start = encode_start(&Start::Boot { limits, seed, attachments: list, input });
        let mut worker = Worker::start(&program, files, start)?;
        let mut exchange = Exchange::new(&limits, host, None);
        let grace = START_TIME + time_for(limits.memory_bytes);
        let most = most_of_state(&limits, image.file.length());
        let channel = &mut worker.channel;
        let booted = exchange.run(channel, &[], grace, most);
        let reply = booted.and_then(|kind| Ok(decode_reply(kind, worker.channel.payload())?));
        let state = match reply {
            Ok(Reply::State(state)) => state,
            Ok(Reply::Failed(error)) => return Err(error),
            Ok(_) => return Err(breach("a frame")),
            Err(broken) => return Err(worker.failure(broken)),
        };
        drop(worker);
        Self::new(program, image, attachments, limits, fixed_seed, options.recycle, &state)
    }

    /// Takes over the state of a guest of this image and these attachments that [was saved](Self::save), without a boot.
    ///
    /// # Errors
    /// [`ErrorCode::BadSnapshot`] for a state that no such guest can have; [`ErrorCode::Internal`] when there is no worker to
    /// be had.
    pub fn load(
        program: Arc<Program>,
        image: Arc<WalledImage>,
        attachments: &[(&[u8], bool)],
        limits: Limits,
        recycle: bool,
        state: &SavedState,
    ) -> Result<Arc<Self>, CallError> {
        let attachments = Attachments::new(attachments)?;
        let snapshot = Self::new(program, image, attachments, limits, None, recycle, state)?;
        // The worker that was started to see whether one can be is the first machine's.
        let worker = snapshot.worker()?;
        snapshot.recycle(worker);
        Ok(snapshot)
    }

    fn new(
        program: Arc<Program>,
        image: Arc<WalledImage>,
        attachments: Attachments,
        limits: Limits,
        fixed_seed: Option<[u8; 32]>,
        recycle: bool,
        state: &SavedState,
    ) -> Result<Arc<Self>, CallError> {
        let writable_bytes = state.check(&image.image, &limits)?;
        let pieces: Vec<&[u8]> = state.runs.iter().map(|run| run.bytes.as_slice()).collect();
        let contents = MemoryFile::new(c"twinwall-state", &pieces).map_err(|error| no_worker(&error))?;
        Ok(Arc::new(Self {
            program,
            image,
            attachments,
            registers: state.registers,
            runs: state.runs.iter().map(|run| (run.address, run.bytes.len() as u64)).collect(),
            contents,
            writable_bytes,
            limits,
            fixed_seed,
            idle: recycle.then(|| Mutex::new(Vec::new())),
        }))
    }

    /// The state that machines start from.
    ///
    /// # Errors
    /// [`ErrorCode::Internal`] when it cannot be read.
    pub fn save(&self) -> Result<SavedState, CallError> {
        let mut offset = 0;
        let mut runs = Vec::with_capacity(self.runs.len());
        for &(address, length) in &self.runs {
            let mut bytes = vec![0; length as usize];
            let unread = |error| CallError::new(ErrorCode::Internal, format!("the state is gone: {error}"));
            self.contents.read(&mut bytes, offset).map_err(unread)?;
            offset += length;
            runs.push(SavedRun { address, bytes });
        }
        Ok(SavedState { registers: self.registers, runs })
    }

    /// Bytes that each machine can write from the start.
    #[must_use]
    pub fn writable_bytes(&self) -> u64 {
        self.writable_bytes
    }

    /// A machine that starts from this snapshot.
    ///
    /// # Errors
    /// [`CallError`] when there is no worker to be had.
    pub fn machine(self: &Arc<Self>) -> Result<Machine, CallError> {
        let worker = match self.take_idle() {
            Some(worker) => worker,
            None => self.worker()?,
        };
        Ok(Machine::new(Arc::clone(self), worker, self.limits))
    }

    /// A worker whose machine stands at this snapshot.
    pub(crate) fn worker(&self) -> Result<Worker, CallError> {
        let files = [&self.image.file, &self.image.memory, &self.attachments.file, &self.contents];
        let start = encode_start(&Start::Load(Load {
            limits: self.limits,
            seed: self.fixed_seed,
            attachments: self.attachments.list.clone(),
            registers: self.registers,
            runs: self.runs.clone(),
            dirty_log: twinwall_vmm_kvm::dirty_log_costs(self.writable_bytes),
        }));
        let mut worker = Worker::start(&self.program, files, start)?;
        expect_ready(&mut worker, self.writable_bytes)?;
        Ok(worker)
    }

    /// Reads a state that a worker has sent, which must be one that a guest of this snapshot can have.
    pub(crate) fn state_of(&self, kind: u32, payload: &[u8]) -> Result<SavedState, Broken> {
        match decode_reply(kind, payload)? {
            Reply::State(state) => match state.check(&self.image.image, &self.limits) {
                Ok(_) => Ok(state),
                Err(_) => Err(Broken::Protocol("a state that no guest can have")),
            },
            Reply::Failed(error) => Err(Broken::Ended(error)),
            _ => Err(Broken::Protocol("a frame")),
        }
    }

    /// Bytes of the image's file: no more can be of its own data.
    pub(crate) fn image_bytes(&self) -> u64 {
        self.image.file.length()
    }

    fn take_idle(&self) -> Option<Worker> {
        let mut idle = self.idle.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(worker) = idle.pop() {
            if worker.channel.quiet() == Quiet::Silent {
                return Some(worker);
            }
        }
        None
    }

    /// Keeps a worker whose machine stands at the snapshot for a later [`Self::machine`].
    pub(crate) fn recycle(&self, worker: Worker) {
        let Some(idle) = &self.idle else { return };
        let mut idle = idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_WORKERS {
            idle.push(worker);
        }
    }
}
