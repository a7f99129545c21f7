//! The filters, each tried in a process of its own: what they refuse ends it.

use std::ptr;

use kvm_bindings::{kvm_create_device, kvm_irqfd, kvm_msrs};
use seccompiler::BpfProgram;

use super::filter;
use crate::keeper::FIRST;

/// A system call with its first arguments; the others are zeros.
type Attempt = (&'static str, libc::c_long, [u64; 4]);

const NOBODY: u64 = 1 << 30;
const EXEC: u64 = (libc::PROT_READ | libc::PROT_EXEC) as u64;
const READ_WRITE: u64 = (libc::PROT_READ | libc::PROT_WRITE) as u64;
const ANONYMOUS: u64 = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as u64;
const PAGE: u64 = 4096;
const SOCKET: u64 = FIRST as u64;

const fn kvm(direction: u64, number: u64, size: usize) -> u64 {
    direction << 30 | (size as u64) << 16 | 0xae << 8 | number
}

/// What whoever has taken a worker over would want. Descriptors and addresses are such that nothing happens where a filter
/// lets one of them through.
const WANTED: &[Attempt] = &[
    ("open", libc::SYS_open, [0; 4]),
    ("openat", libc::SYS_openat, [NOBODY, 0, 0, 0]),
    ("openat2", libc::SYS_openat2, [NOBODY, 0, 0, 0]),
    ("open by handle", libc::SYS_open_by_handle_at, [NOBODY, 0, 0, 0]),
    ("creat", libc::SYS_creat, [0; 4]),
    ("stat", libc::SYS_stat, [0; 4]),
    ("statx", libc::SYS_statx, [NOBODY, 0, 0, 0]),
    ("readlink", libc::SYS_readlink, [0; 4]),
    ("getdents64", libc::SYS_getdents64, [NOBODY, 0, 0, 0]),
    ("unlink", libc::SYS_unlink, [0; 4]),
    ("rename", libc::SYS_rename, [0; 4]),
    ("chdir", libc::SYS_chdir, [0; 4]),
    ("chmod", libc::SYS_chmod, [0; 4]),
    ("mount", libc::SYS_mount, [0; 4]),
    ("socket", libc::SYS_socket, [NOBODY, 0, 0, 0]),
    ("socketpair", libc::SYS_socketpair, [NOBODY, 0, 0, 0]),
    ("connect", libc::SYS_connect, [NOBODY, 0, 0, 0]),
    ("bind", libc::SYS_bind, [NOBODY, 0, 0, 0]),
    ("sendto", libc::SYS_sendto, [SOCKET, 0, 0, 0]),
    ("sendmsg", libc::SYS_sendmsg, [SOCKET, 0, 0, 0]),
    ("recvmsg", libc::SYS_recvmsg, [SOCKET, 0, 0, 0]),
    ("fork", libc::SYS_fork, [0; 4]),
    ("vfork", libc::SYS_vfork, [0; 4]),
    ("clone", libc::SYS_clone, [libc::SIGCHLD as u64, 0, 0, 0]),
    ("clone3", libc::SYS_clone3, [0; 4]),
    ("execve", libc::SYS_execve, [0; 4]),
    ("execveat", libc::SYS_execveat, [NOBODY, 0, 0, 0]),
    ("ptrace", libc::SYS_ptrace, [NOBODY, 0, 0, 0]),
    ("process_vm_readv", libc::SYS_process_vm_readv, [NOBODY, 0, 0, 0]),
    ("process_vm_writev", libc::SYS_process_vm_writev, [NOBODY, 0, 0, 0]),
    ("kill", libc::SYS_kill, [NOBODY, 0, 0, 0]),
    ("tkill", libc::SYS_tkill, [NOBODY, 0, 0, 0]),
    ("tgkill", libc::SYS_tgkill, [NOBODY, NOBODY, 0, 0]),
    ("rt_sigqueueinfo", libc::SYS_rt_sigqueueinfo, [NOBODY, 0, 0, 0]),
    ("pidfd_open", libc::SYS_pidfd_open, [NOBODY, 0, 0, 0]),
    ("pidfd_getfd", libc::SYS_pidfd_getfd, [NOBODY, 0, 0, 0]),
    ("memfd_create", libc::SYS_memfd_create, [0; 4]),
    ("dup", libc::SYS_dup, [NOBODY, 0, 0, 0]),
    ("dup2", libc::SYS_dup2, [NOBODY, 0, 0, 0]),
    ("fcntl", libc::SYS_fcntl, [NOBODY, libc::F_SETFL as u64, 0, 0]),
    ("pipe2", libc::SYS_pipe2, [0; 4]),
    ("eventfd2", libc::SYS_eventfd2, [0, NOBODY, 0, 0]),
    ("read of another file", libc::SYS_read, [0; 4]),
    ("write to another file", libc::SYS_write, [1, 0, 0, 0]),
    ("writev to another file", libc::SYS_writev, [SOCKET + 1, 0, 0, 0]),
    ("pread64", libc::SYS_pread64, [SOCKET, 0, 0, 0]),
    ("executable memory", libc::SYS_mmap, [0, PAGE, EXEC, ANONYMOUS]),
    ("memory made executable", libc::SYS_mprotect, [NOBODY << 20, PAGE, EXEC, 0]),
    ("unshare", libc::SYS_unshare, [0; 4]),
    ("setns", libc::SYS_setns, [NOBODY, 0, 0, 0]),
    ("setuid", libc::SYS_setuid, [u32::MAX as u64, 0, 0, 0]),
    ("capset", libc::SYS_capset, [0; 4]),
    ("bpf", libc::SYS_bpf, [NOBODY, 0, 0, 0]),
    ("perf_event_open", libc::SYS_perf_event_open, [0; 4]),
    ("io_uring_setup", libc::SYS_io_uring_setup, [0; 4]),
    ("userfaultfd", libc::SYS_userfaultfd, [NOBODY, 0, 0, 0]),
    ("keyctl", libc::SYS_keyctl, [NOBODY, 0, 0, 0]),
    ("shmget", libc::SYS_shmget, [0; 4]),
    ("poll", libc::SYS_poll, [0; 4]),
    ("wait4", libc::SYS_wait4, [NOBODY, 0, 0, 0]),
    ("ioctl of a terminal", libc::SYS_ioctl, [NOBODY, libc::TIOCSTI, 0, 0]),
    ("a device of a machine", libc::SYS_ioctl, [NOBODY, kvm(3, 0xe0, size_of::<kvm_create_device>()), 0, 0]),
    ("interrupts by a file", libc::SYS_ioctl, [NOBODY, kvm(1, 0x76, size_of::<kvm_irqfd>()), 0, 0]),
    ("model-specific registers", libc::SYS_ioctl, [NOBODY, kvm(1, 0x89, size_of::<kvm_msrs>()), 0, 0]),
];

/// What only making a machine takes.
const MADE: &[Attempt] = &[
    ("another machine", libc::SYS_ioctl, [NOBODY, kvm(0, 0x01, 0), 0, 0]),
    ("another processor", libc::SYS_ioctl, [NOBODY, kvm(0, 0x41, 0), 0, 0]),
    ("memory of a file", libc::SYS_mmap, [0, PAGE, READ_WRITE, libc::MAP_SHARED as u64]),
    ("seccomp", libc::SYS_seccomp, [NOBODY, 0, 0, 0]),
    ("prctl", libc::SYS_prctl, [libc::PR_SET_NO_NEW_PRIVS as u64, 1, 0, 0]),
    ("prlimit64", libc::SYS_prlimit64, [0, NOBODY, 0, 0]),
    ("nanosleep", libc::SYS_nanosleep, [0; 4]),
];

/// What guests take.
const NEEDED: &[Attempt] = &[
    ("an entry", libc::SYS_ioctl, [NOBODY, kvm(0, 0x80, 0), 0, 0]),
    ("reading", libc::SYS_read, [SOCKET, 0, 0, 0]),
    ("writing", libc::SYS_writev, [SOCKET, 0, 0, 0]),
    ("memory", libc::SYS_mmap, [0, PAGE, READ_WRITE, ANONYMOUS]),
    ("memory closed", libc::SYS_mprotect, [NOBODY << 20, PAGE, libc::PROT_NONE as u64, 0]),
    ("advice", libc::SYS_madvise, [NOBODY << 20, PAGE, 0, 0]),
    ("the clock", libc::SYS_clock_gettime, [0; 4]),
    ("chance", libc::SYS_getrandom, [0; 4]),
    ("the thread's number", libc::SYS_gettid, [0; 4]),
    ("a timer", libc::SYS_timer_settime, [NOBODY, 0, 0, 0]),
];

/// How a process ends that tries this under a filter: by a signal, or with status 0.
fn try_under(filter: &BpfProgram, attempt: impl FnOnce()) -> Option<i32> {
    // SAFETY: the child makes system calls only, on memory that was there before.
    let child = unsafe { libc::fork() };
    assert!(child >= 0);
    if child == 0 {
        let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: the limit lives until the call returns.
        unsafe { libc::setrlimit(libc::RLIMIT_CORE, &none) };
        let applied = seccompiler::apply_filter(filter).is_ok();
        if applied {
            attempt();
        }
        // SAFETY: it ends the process.
        unsafe { libc::_exit(i32::from(!applied)) };
    }
    let mut status = 0;
    // SAFETY: it waits for the child that was made above.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    if libc::WIFSIGNALED(status) {
        return Some(libc::WTERMSIG(status));
    }
    assert_eq!(libc::WEXITSTATUS(status), 0, "the filter was not taken");
    None
}

fn outcome(filter: &BpfProgram, &(_, call, [a, b, c, d]): &Attempt) -> Option<i32> {
    try_under(filter, || {
        // SAFETY: the arguments are such that nothing happens, whether the call is refused or not.
        unsafe { libc::syscall(call, a, b, c, d, -1, 0) };
    })
}

#[test]
fn who_takes_a_worker_over_can_do_nothing_with_it() {
    for (name, filter) in [("making", filter::making()), ("entering", filter::entering())] {
        let filter = filter.expect("a filter");
        for attempt in WANTED {
            assert_eq!(outcome(&filter, attempt), Some(libc::SIGSYS), "{} under {name}", attempt.0);
        }
    }
}

#[test]
fn machines_are_made_before_guests_run() {
    let (making, entering) = (filter::making().expect("a filter"), filter::entering().expect("a filter"));
    for attempt in MADE {
        assert_eq!(outcome(&making, attempt), None, "{}", attempt.0);
        assert_eq!(outcome(&entering, attempt), Some(libc::SIGSYS), "{}", attempt.0);
    }
}

#[test]
fn what_guests_take_is_there() {
    for filter in [filter::making(), filter::entering()] {
        let filter = filter.expect("a filter");
        for attempt in NEEDED {
            assert_eq!(outcome(&filter, attempt), None, "{}", attempt.0);
        }
    }
}

#[test]
fn other_ways_into_the_kernel_are_shut() {
    const X32: libc::c_long = 0x4000_0000;
    let filter = filter::entering().expect("a filter");
    let x32 = ("x32", X32 | libc::SYS_gettid, [0; 4]);
    assert_eq!(outcome(&filter, &x32), Some(libc::SIGSYS));
    let narrow = try_under(&filter, || {
        // Number 20 of 32-bit programs asks for the process's number.
        // SAFETY: it changes a register that is named, and nothing else.
        unsafe { std::arch::asm!("int 0x80", inlateout("eax") 20 => _) };
    });
    // A kernel without 32-bit programs has no such way.
    assert!(matches!(narrow, Some(libc::SIGSYS | libc::SIGSEGV)), "{narrow:?}");
}

#[test]
fn the_second_filter_goes_on_top_of_the_first() {
    let (making, entering) = (filter::making().expect("a filter"), filter::entering().expect("a filter"));
    let ended = try_under(&making, || {
        if seccompiler::apply_filter(&entering).is_ok() {
            // SAFETY: the call ends the process.
            unsafe { libc::syscall(libc::SYS_openat, NOBODY, ptr::null::<u8>(), 0) };
        }
    });
    assert_eq!(ended, Some(libc::SIGSYS));
}
