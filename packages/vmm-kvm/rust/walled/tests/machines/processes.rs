//! What the worker processes are, and what becomes of them.

use std::fs;
use std::time::Duration;

use twinwall_abi::ErrorCode;
use twinwall_vmm_kvm::{Limits, NoHost};

use super::rounds::is_emulated;
use super::support::{
    ASK, COUNT, ECHO, LOOP, Scribe, assert_usable, call, call_of, machine, program, small, snapshot,
    stat_fields, wait_for_end,
};

fn status(process: u32, name: &str) -> String {
    let text = fs::read_to_string(format!("/proc/{process}/status")).expect("the process is there");
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(":\t"));
    line.expect("the kernel tells it").trim().to_owned()
}

/// Filters of system calls that a process has.
fn filters(process: u32) -> u32 {
    status(process, "Seccomp_filters").parse().expect("a number")
}

/// Most bytes of memory that this process has had.
pub(crate) fn memory_of_this_process() -> u64 {
    let text = status(std::process::id(), "VmHWM");
    text.split(' ').next().and_then(|kilobytes| kilobytes.parse::<u64>().ok()).expect("a number") << 10
}

/// Waits until a process runs on end: a guest that does not come back.
fn wait_until_busy(process: u32) {
    let before = processor_time(process);
    // Hundredths of a second: more than the start of a call takes.
    while processor_time(process) < before + 5 {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Processor time of a process, ticks of the kernel: its `utime` and `stime`.
fn processor_time(process: u32) -> u64 {
    let fields = stat_fields(process);
    fields[11..=12].iter().map(|field| field.parse::<u64>().expect("a number")).sum()
}

fn kill(process: u32, signal: i32) {
    // SAFETY: the process is a worker of this test.
    assert_eq!(unsafe { libc::kill(process as i32, signal) }, 0);
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn a_worker_has_no_rights_while_guests_run() {
    let mut machine = machine(small());
    let process = machine.process().expect("a worker");
    let mut host = Scribe::new(|_: &[u8]| {
        // Within a call: the guest waits.
        assert_eq!(status(process, "Seccomp"), "2");
        assert_eq!(
            filters(process),
            filters(std::process::id()) + 2,
            "one to make machines, one to enter them"
        );
        assert_eq!(status(process, "NoNewPrivs"), "1");
        let threads = fs::read_dir(format!("/proc/{process}/task")).expect("threads").flatten();
        let names = threads.map(|thread| fs::read_to_string(thread.path().join("comm")).expect("a name"));
        // KVM may have a thread of the kernel's in the process.
        let own: Vec<String> = names.filter(|name| !name.starts_with("kvm-")).collect();
        assert_eq!(own.len(), 1, "{own:?}");
        for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
            assert_eq!(status(process, set), "0000000000000000");
        }
        Ok(Vec::new())
    });
    machine.call(&call_of(ASK, b"?", true), &mut host, &mut Vec::new()).expect("it asks");
    assert_eq!(host.calls.len(), 1);
    let limits = fs::read_to_string(format!("/proc/{process}/limits")).expect("limits");
    let of = |name: &str| limits.lines().find(|line| line.starts_with(name)).expect("a limit").to_owned();
    assert!(of("Max core file size").split_whitespace().nth(4) == Some("0"), "{}", of("Max core file size"));
    assert!(!of("Max address space").contains("unlimited"));
    let environment = fs::read(format!("/proc/{process}/environ"));
    assert!(environment.is_err() || environment.is_ok_and(|bytes| bytes.is_empty()));
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn a_worker_holds_its_machine_and_its_socket_only() {
    // SAFETY: standard output is open. Programs that this process starts inherit the copy.
    let leaked = unsafe { libc::fcntl(1, libc::F_DUPFD, 100) };
    assert!(leaked >= 100);
    let machine = machine(small());
    let process = machine.process().expect("a worker");
    let Ok(entries) = fs::read_dir(format!("/proc/{process}/fd")) else {
        // Only who may trace it sees that: it is not to be looked into.
        assert!(!is_root());
        return;
    };
    let mut files: Vec<String> = entries
        .map(|entry| fs::read_link(entry.expect("an entry").path()).expect("a link").display().to_string())
        .map(|name| if name.starts_with("socket:") { "socket".into() } else { name })
        .collect();
    files.sort();
    let expected = [
        "/dev/kvm",
        "/dev/null",
        "/dev/null",
        "/dev/null",
        "anon_inode:kvm-vcpu:0",
        "anon_inode:kvm-vm",
        "socket",
    ];
    assert_eq!(files, expected);
    // SAFETY: it was opened above, and is closed once.
    unsafe { libc::close(leaked) };
}

fn is_root() -> bool {
    // SAFETY: it has no preconditions.
    unsafe { libc::geteuid() == 0 }
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn only_who_may_do_all_looks_into_a_worker() {
    let machine = machine(small());
    let path = format!("/proc/{}/exe\0", machine.process().expect("a worker"));
    // A process of the same user, without capabilities, as the worker is.
    // SAFETY: the child makes system calls only, on memory that was there before.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let (header, none) = ([0x2008_0522_u32, 0], [0_u32; 6]);
        let mut target = [0_u8; 256];
        // SAFETY: as above; all pointers name live memory, and `_exit` ends the process.
        unsafe {
            let dropped = libc::syscall(libc::SYS_capset, header.as_ptr(), none.as_ptr());
            let own = libc::readlink(c"/proc/self/exe".as_ptr(), target.as_mut_ptr().cast(), 256);
            let found = libc::readlink(path.as_ptr().cast(), target.as_mut_ptr().cast(), 256);
            let refused =
                *libc::__errno_location() == libc::EACCES || *libc::__errno_location() == libc::EPERM;
            libc::_exit(i32::from(dropped != 0 || own <= 0 || found != -1 || !refused));
        }
    }
    let mut ended = 0;
    // SAFETY: it waits for the child that was made above.
    assert_eq!(unsafe { libc::waitpid(child, &mut ended, 0) }, child);
    assert_eq!(ended, 0, "a worker is not dumpable: it cannot be traced");
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn a_worker_that_is_killed_in_a_call_fails_the_call_only() {
    let mut machine = machine(Limits { deadline: u64::MAX, ..small() });
    for signal in [libc::SIGKILL, libc::SIGSYS] {
        let process = machine.process().expect("a worker");
        let killer = std::thread::spawn(move || {
            // A worker that died before its call would be replaced.
            wait_until_busy(process);
            kill(process, signal);
        });
        let error = call(&mut machine, LOOP, &[]).expect_err("its worker was killed");
        killer.join().expect("no panic");
        assert_eq!(error.code, ErrorCode::Internal);
        let text =
            if signal == libc::SIGKILL { "ended by signal 9" } else { "filter of system calls (SIGSYS)" };
        assert!(error.message.contains(text), "{}", error.message);
        assert!(machine.is_spent());
        assert_usable(&mut machine);
    }
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn a_worker_that_is_killed_between_calls_is_replaced() {
    let mut machine = machine(small());
    assert_usable(&mut machine);
    let process = machine.process().expect("a worker");
    kill(process, libc::SIGKILL);
    wait_for_end(process);
    assert_usable(&mut machine);
    assert_ne!(machine.process(), Some(process));
    // Within a session it cannot be: what the session kept is gone.
    machine.call(&call_of(COUNT, &[], false), &mut NoHost, &mut Vec::new()).expect("it counts");
    let process = machine.process().expect("a worker");
    kill(process, libc::SIGKILL);
    wait_for_end(process);
    let mut next = call_of(COUNT, &[], false);
    next.continues = true;
    let error = machine.call(&next, &mut NoHost, &mut Vec::new()).expect_err("the session is lost");
    assert_eq!(error.code, ErrorCode::Internal);
    assert_usable(&mut machine);
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn workers_outlive_the_thread_that_wanted_them() {
    let snapshot = snapshot(small(), false);
    let mut machine =
        std::thread::spawn(move || snapshot.machine().expect("a worker")).join().expect("no panic");
    let process = machine.process();
    std::thread::sleep(Duration::from_millis(50));
    assert_usable(&mut machine);
    assert_eq!(machine.process(), process);
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn closed_machines_serve_the_next_ones_where_that_is_wanted() {
    let recycling = snapshot(small(), true);
    let first = recycling.machine().expect("a worker");
    let process = first.process();
    drop(first);
    let second = recycling.machine().expect("a worker");
    assert_eq!(second.process(), process);
    second.retire();
    let mut third = recycling.machine().expect("a worker");
    assert_ne!(third.process(), process);
    // One that does not stand at its snapshot is ended.
    third.call(&call_of(ECHO, &[], false), &mut NoHost, &mut Vec::new()).expect("an echo");
    let process = third.process();
    drop(third);
    assert_ne!(recycling.machine().expect("a worker").process(), process);
    let other = snapshot(small(), false);
    let first = other.machine().expect("a worker");
    let process = first.process();
    drop(first);
    assert_ne!(other.machine().expect("a worker").process(), process);
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn the_wall_is_looked_at() {
    let found = twinwall_walled::check(&program()).expect("it can be had");
    assert!(found.contains("filtered"), "{found}");
    let nonsense = super::support::program_of("/bin/true");
    let error = twinwall_walled::check(&nonsense).expect_err("that is no worker");
    assert_eq!(error.code, ErrorCode::NoMachine);
    // The emulated machine has Busybox, which is one program for all names, and does not know the one that it gets here.
    let status = if is_emulated() { 127 } else { 0 };
    assert!(error.message.contains(&format!("has ended with status {status}")), "{}", error.message);
}
