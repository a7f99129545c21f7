//! Worker processes: how they are started, ended, and buried.
//!
//! All are started by one thread, which lives as long as this process: the kernel ends a worker with the thread that started it,
//! and that must not be one of those that come and go. Another thread waits for those that were ended, so that nobody who closes
//! a machine waits for a virtual machine to be taken apart, and none stays a zombie. Only workers are waited for, each by its own
//! handle: other children of the process are other people's.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;
use std::{mem, ptr, thread};

use twinwall_abi::ErrorCode;
use twinwall_vmm_kvm::CallError;

use crate::channel::Channel;
use crate::error::{Broken, breach, no_worker};
use crate::exchange::{FAILURE, limit_of};
use crate::memory_file::{MemoryFile, above_the_workers};
use crate::program::{HELLO_TIME, Program};
use crate::wire::{Frame, Reply, VERSION, decode_reply, kind};

/// Descriptors of a worker behind the standard ones: its socket, and its files.
pub(crate) const INHERITED: usize = 5;
/// The first of them.
pub(crate) const FIRST: i32 = 3;

/// Stack of a thread that does little.
const STACK_BYTES: usize = 128 << 10;

/// A worker process. Dropping it ends it, whatever it is doing.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) channel: Channel,
    /// Absent once it is handed to who waits for its end.
    child: Option<Child>,
}

impl Worker {
    /// Starts a worker with these files, and tells it what it is for. What it says to that is the caller's to wait for.
    pub(crate) fn start(
        program: &Program,
        files: [&MemoryFile; INHERITED - 1],
        mut start: Frame,
    ) -> Result<Self, CallError> {
        let (channel, other) = Channel::pair().map_err(|error| no_worker(&error))?;
        let child = launch(program, other, files).map_err(|error| no_worker(&error))?;
        let mut worker = Self { channel, child: Some(child) };
        let greeted = worker.greet(start.finish(0));
        match greeted {
            Ok(()) => Ok(worker),
            Err(broken) => Err(worker.failure(broken)),
        }
    }

    fn greet(&mut self, start: &[u8]) -> Result<(), Broken> {
        let limit = limit_of(HELLO_TIME);
        match self.channel.send(&[start], limit) {
            // What it said before it went may say why.
            Ok(()) | Err(Broken::Closed) => {}
            Err(broken) => return Err(broken),
        }
        let kind = self.channel.receive(limit, |kind| match kind {
            kind::HELLO => Some(4),
            kind::FAILED => Some(FAILURE),
            _ => None,
        })?;
        match decode_reply(kind, self.channel.payload())? {
            Reply::Hello(VERSION) => Ok(()),
            Reply::Failed(error) => Err(Broken::Ended(error)),
            _ => Err(Broken::Protocol("it is of another release")),
        }
    }

    /// Number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.as_ref().map_or(0, |child| child.id as u32)
    }

    /// What is to be said of a worker that is of no use any more.
    pub(crate) fn failure(&mut self, broken: Broken) -> CallError {
        let text = match broken {
            Broken::Ended(error) => return error,
            Broken::Protocol(what) => return breach(what),
            Broken::Closed => format!("the machine's worker process {}", self.end()),
            Broken::Late => "the machine's worker process did not answer in time and was ended".into(),
            Broken::System(error) => format!("the machine's worker process cannot be spoken to: {error}"),
        };
        CallError::new(ErrorCode::Internal, text)
    }

    /// How the process ended, after it has closed its socket.
    fn end(&mut self) -> String {
        const PATIENCE: Duration = Duration::from_secs(1);
        let how = self.child.as_ref().and_then(|child| child.end_within(PATIENCE));
        match how {
            Some(End::Status(status)) => format!("has ended with status {status}"),
            Some(End::Signal(libc::SIGSYS)) => "was ended by its filter of system calls (SIGSYS)".into(),
            Some(End::Signal(signal)) => format!("was ended by signal {signal}"),
            None => "has closed its socket and was ended".into(),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Some(child) = self.child.take() {
            child.kill();
            bury(child);
        }
    }
}

/// How a process ended.
enum End {
    Status(i32),
    Signal(i32),
}

/// A process of ours that nobody has waited for.
#[derive(Debug)]
struct Child {
    id: libc::pid_t,
    /// Names the process, whatever becomes of its number.
    handle: OwnedFd,
}

impl Child {
    fn kill(&self) {
        let (handle, none) = (self.handle.as_raw_fd(), ptr::null::<libc::siginfo_t>());
        // SAFETY: the handle is open; no information goes with the signal. One that has ended wants no signal.
        unsafe { libc::syscall(libc::SYS_pidfd_send_signal, handle, libc::SIGKILL, none, 0) };
    }

    /// Waits until it has ended, and lets go of it.
    fn wait(self) {
        while self.ask(libc::WEXITED).is_err_and(|error| error.kind() == io::ErrorKind::Interrupted) {}
    }

    /// How it ended, if that is so within some time. It is still to be waited for.
    fn end_within(&self, time: Duration) -> Option<End> {
        let mut poll = libc::pollfd { fd: self.handle.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: one live entry.
        unsafe { libc::poll(&mut poll, 1, time.as_millis() as i32) };
        let found = self.ask(libc::WEXITED | libc::WNOHANG | libc::WNOWAIT).ok()?;
        // SAFETY: what waitid has filled in is about a child.
        let (id, status) = unsafe { (found.si_pid(), found.si_status()) };
        match (id, found.si_code) {
            (0, _) => None,
            (_, libc::CLD_EXITED) => Some(End::Status(status)),
            _ => Some(End::Signal(status)),
        }
    }

    fn ask(&self, options: i32) -> io::Result<libc::siginfo_t> {
        // SAFETY: all zeros is a valid siginfo.
        let mut found: libc::siginfo_t = unsafe { mem::zeroed() };
        let handle = self.handle.as_raw_fd() as libc::id_t;
        // SAFETY: the handle is open, and `found` lives until the call returns.
        let asked = unsafe { libc::waitid(libc::P_PIDFD, handle, &mut found, options) };
        if asked == 0 { Ok(found) } else { Err(io::Error::last_os_error()) }
    }
}

/// What the thread that starts workers is asked for. Whoever asks waits, and keeps the descriptors open.
struct Order {
    program: i32,
    inherited: [i32; INHERITED],
    reply: Sender<io::Result<Child>>,
}

fn launch(program: &Program, socket: OwnedFd, files: [&MemoryFile; INHERITED - 1]) -> io::Result<Child> {
    let socket = above_the_workers(socket)?;
    let mut inherited = [socket.as_raw_fd(); INHERITED];
    for (place, file) in inherited[1..].iter_mut().zip(files) {
        *place = file.as_fd().as_raw_fd();
    }
    let (reply, answer) = channel();
    let order = Order { program: program.file.as_fd().as_raw_fd(), inherited, reply };
    static STARTER: Mutex<Option<Sender<Order>>> = Mutex::new(None);
    let gone = || io::Error::other("the thread that starts workers has ended");
    let mut starter = STARTER.lock().unwrap_or_else(PoisonError::into_inner);
    if starter.is_none() {
        *starter = Some(thread_of("twinwall-starter", start_orders)?);
    }
    starter.as_ref().ok_or_else(gone)?.send(order).map_err(|_| gone())?;
    drop(starter);
    answer.recv().map_err(|_| gone())?
}

fn start_orders(orders: Receiver<Order>) {
    for order in orders {
        // Who asked waits for the answer.
        let _ = order.reply.send(spawn(order.program, order.inherited));
    }
}

/// Has a child that was told to end waited for.
fn bury(child: Child) {
    static GRAVEDIGGER: OnceLock<Option<Sender<Child>>> = OnceLock::new();
    let gravedigger = GRAVEDIGGER.get_or_init(|| {
        thread_of("twinwall-ends", |children: Receiver<Child>| children.into_iter().for_each(Child::wait))
            .ok()
    });
    match gravedigger {
        Some(gravedigger) => {
            if let Err(unsent) = gravedigger.send(child) {
                unsent.0.wait();
            }
        }
        None => child.wait(),
    }
}

/// A thread that lives as long as the process, and what it is sent by.
fn thread_of<Order: Send + 'static>(
    name: &str,
    work: impl FnOnce(Receiver<Order>) + Send + 'static,
) -> io::Result<Sender<Order>> {
    let (sender, receiver) = channel();
    let builder = thread::Builder::new().name(name.into()).stack_size(STACK_BYTES);
    builder.spawn(move || work(receiver))?;
    Ok(sender)
}

/// What a child is to be made of, and how; freed when it is dropped.
struct Plan {
    files: libc::posix_spawn_file_actions_t,
    attributes: libc::posix_spawnattr_t,
}

impl Plan {
    fn new() -> io::Result<Self> {
        // SAFETY: both are initialised by the calls below before anything else is done with them.
        let mut plan: Self = unsafe { mem::zeroed() };
        // SAFETY: the pointers name live values of the right types.
        checked(unsafe { libc::posix_spawn_file_actions_init(&mut plan.files) })?;
        // SAFETY: as above.
        checked(unsafe { libc::posix_spawnattr_init(&mut plan.attributes) })?;
        Ok(plan)
    }

    /// Standard streams that go nowhere, and the descriptors of a worker by the numbers that it knows them by.
    fn give_files(&mut self, inherited: [i32; INHERITED]) -> io::Result<()> {
        let files = &mut self.files;
        // SAFETY: the actions were initialised, and the path is a string that ends in a zero, which is copied.
        let opened = unsafe {
            libc::posix_spawn_file_actions_addopen(files, 0, c"/dev/null".as_ptr(), libc::O_RDWR, 0)
        };
        checked(opened)?;
        let numbers = (FIRST..).zip(inherited).map(|(number, source)| (source, number));
        for (source, number) in [(0, 1), (0, 2)].into_iter().chain(numbers) {
            // SAFETY: as above.
            checked(unsafe { libc::posix_spawn_file_actions_adddup2(files, source, number) })?;
        }
        Ok(())
    }

    /// No signal blocked or ignored, and a process group of its own: what a terminal sends is for the parent.
    fn reset_signals(&mut self) -> io::Result<()> {
        let flags = libc::POSIX_SPAWN_SETSIGMASK | libc::POSIX_SPAWN_SETSIGDEF | libc::POSIX_SPAWN_SETPGROUP;
        // SAFETY: all zeros is a valid set, which is then emptied or filled.
        let mut set: libc::sigset_t = unsafe { mem::zeroed() };
        let attributes = &mut self.attributes;
        // SAFETY: the attributes were initialised, and the set lives until the calls return.
        unsafe {
            libc::sigemptyset(&mut set);
            checked(libc::posix_spawnattr_setsigmask(attributes, &set))?;
            libc::sigfillset(&mut set);
            checked(libc::posix_spawnattr_setsigdefault(attributes, &set))?;
            checked(libc::posix_spawnattr_setpgroup(attributes, 0))?;
            checked(libc::posix_spawnattr_setflags(attributes, flags as libc::c_short))
        }
    }
}

impl Drop for Plan {
    fn drop(&mut self) {
        // SAFETY: both were initialised, and are destroyed once.
        unsafe {
            libc::posix_spawn_file_actions_destroy(&mut self.files);
            libc::posix_spawnattr_destroy(&mut self.attributes);
        }
    }
}

/// Starts the program, without an environment.
fn spawn(program: i32, inherited: [i32; INHERITED]) -> io::Result<Child> {
    let mut plan = Plan::new()?;
    plan.give_files(inherited)?;
    plan.reset_signals()?;
    // By its descriptor: the file has no other name.
    let path = CString::new(format!("/proc/self/fd/{program}"))?;
    let arguments = [c"twinwall-worker".as_ptr().cast_mut(), ptr::null_mut()];
    let environment = [ptr::null_mut()];
    let mut id = 0;
    // SAFETY: all pointers name live values; the lists end in null pointers.
    let spawned = unsafe {
        libc::posix_spawn(
            &mut id,
            path.as_ptr(),
            &plan.files,
            &plan.attributes,
            arguments.as_ptr(),
            environment.as_ptr(),
        )
    };
    checked(spawned)?;
    // SAFETY: no other thread waits for this child, so that its number is still its own.
    let handle = unsafe { libc::syscall(libc::SYS_pidfd_open, id, 0) };
    if handle >= 0 {
        // SAFETY: the descriptor was just made, and is nobody else's. The kernel made it close-on-exec.
        let handle = unsafe { OwnedFd::from_raw_fd(handle as i32) };
        return Ok(Child { id, handle });
    }
    let error = io::Error::last_os_error();
    // SAFETY: as above; and without a handle it must not stay.
    unsafe {
        libc::kill(id, libc::SIGKILL);
        libc::waitpid(id, ptr::null_mut(), 0);
    }
    Err(error)
}

/// These functions return their error.
fn checked(error: i32) -> io::Result<()> {
    if error == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(error)) }
}
