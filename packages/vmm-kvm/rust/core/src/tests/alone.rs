//! Tests that look at the whole process, each in a process of its own: descriptors, mappings, timers, and a host that
//! runs out of them.

use std::os::fd::AsRawFd;
use std::process::Command;
use std::time::{Duration, Instant};

use twinwall_abi::ErrorCode;

use super::{assert_usable, call, code, machine, rounds};
use crate::AbortHandle;
use crate::error::CallError;
use crate::host::NoHost;
use crate::machine::Limits;
use crate::probe::Behaviour;
use crate::self_test::{call_probe, patient, probe_call, probe_snapshot};

const MARK: &str = "TWINWALL_ALONE";

/// Runs the test `name` of this module again, in a process that does nothing else; true inside that process.
fn alone(name: &str) -> bool {
    if std::env::var_os(MARK).is_some() {
        return true;
    }
    let program = std::env::current_exe().expect("this test's own program");
    let output = Command::new(program)
        .args(["--exact", &format!("tests::alone::{name}"), "--test-threads=1", "--nocapture"])
        .env(MARK, "1")
        .output()
        .expect("the same program again");
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "the test did not run: {text}");
    false
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("procfs").count()
}

fn mappings() -> usize {
    std::fs::read_to_string("/proc/self/maps").expect("procfs").lines().count()
}

/// Resident bytes of this process.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").expect("procfs");
    text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).expect("a number of pages") * 4096
}

/// Changes a soft limit of this process; returns what it was.
fn set_limit(resource: libc::__rlimit_resource_t, soft: u64) -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is live.
    assert_eq!(unsafe { libc::getrlimit(resource, &mut limit) }, 0);
    let before = limit.rlim_cur;
    limit.rlim_cur = soft.min(limit.rlim_max);
    // SAFETY: as above.
    assert_eq!(unsafe { libc::setrlimit(resource, &limit) }, 0);
    before
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn three_hundred_machines_leave_nothing() {
    if !alone("three_hundred_machines_leave_nothing") {
        return;
    }
    let snapshot = probe_snapshot(patient()).expect("the probe boots");
    let round = |attack: Behaviour| {
        let mut machine = snapshot.machine().expect("a machine");
        call(&mut machine, Behaviour::DeepStack, &[]).expect("a call that opens memory");
        assert_eq!(code(call(&mut machine, attack, &[])), ErrorCode::BadReply);
        assert_usable(&mut machine);
    };
    for _ in 0..10 {
        round(Behaviour::StringInput);
    }
    let before = (descriptors(), mappings());
    let resident_before = resident();
    for _ in 0..rounds(145) {
        // Each attack costs a virtual machine, so a round makes two.
        round(Behaviour::StringInput);
    }
    assert_eq!((descriptors(), mappings()), before);
    assert!(resident() < resident_before + (4 << 20), "{resident_before} bytes before, {} after", resident());
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn threads_leave_no_timers() {
    if !alone("threads_leave_no_timers") {
        return;
    }
    let snapshot = probe_snapshot(patient()).expect("the probe boots");
    let timers = || {
        std::fs::read_to_string("/proc/self/timers")
            .map(|text| text.lines().filter(|line| line.starts_with("ID:")).count())
    };
    let before = descriptors();
    for _ in 0..40 {
        let snapshot = snapshot.clone();
        std::thread::spawn(move || {
            // The timer is left armed when the thread ends.
            let mut machine = snapshot.machine().expect("a machine");
            machine.configure(Limits { deadline: 30_000_000_000, ..patient() });
            assert_usable(&mut machine);
        })
        .join()
        .expect("a thread that makes calls");
    }
    assert_eq!(descriptors(), before);
    match timers() {
        Ok(count) => assert!(count <= 1, "{count} timers"),
        Err(error) => println!("this kernel does not list timers: {error}"),
    }
}

/// The two lowest descriptors that are free.
fn free_descriptors() -> [u64; 2] {
    let open = || std::fs::File::open("/dev/null").expect("the null device");
    let (first, second) = (open(), open());
    [first.as_raw_fd() as u64, second.as_raw_fd() as u64]
}

/// Whatever descriptor is missing, the error is clean, nothing leaks, and things go on when there is one again.
#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn a_host_without_descriptors_says_so() {
    if !alone("a_host_without_descriptors_says_so") {
        return;
    }
    let snapshot = probe_snapshot(patient()).expect("the probe boots");
    let mut machine = snapshot.machine().expect("a machine");
    assert_usable(&mut machine);
    let before = (descriptors(), mappings());
    // Without a descriptor there is no VM, with one there is no vCPU.
    for free in free_descriptors() {
        let limit = set_limit(libc::RLIMIT_NOFILE, free);
        let refused = snapshot.machine().map(drop);
        set_limit(libc::RLIMIT_NOFILE, limit);
        let error = refused.expect_err("no descriptor").to_string();
        assert!(error.contains("KVM_CREATE"), "{error}");
        assert_eq!((descriptors(), mappings()), before);
    }
    let least = free_descriptors()[0].saturating_sub(2);
    let limit = set_limit(libc::RLIMIT_NOFILE, least);
    assert_eq!(code(call(&mut machine, Behaviour::StringInput, &[])), ErrorCode::BadReply);
    for _ in 0..3 {
        // The virtual machine is gone, and there is none to replace it.
        assert_eq!(code(call(&mut machine, Behaviour::Nothing, &[])), ErrorCode::Internal);
    }
    set_limit(libc::RLIMIT_NOFILE, limit);
    assert_usable(&mut machine);
    assert_eq!((descriptors(), mappings()), before);
}

/// A host without address space refuses growth, stack pages and machines; those that live go on.
#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn a_host_without_memory_says_so() {
    use twinwall_abi::layout::MEMORIES;
    if !alone("a_host_without_memory_says_so") {
        return;
    }
    let snapshot = probe_snapshot(patient()).expect("the probe boots");
    let mut machine = snapshot.machine().expect("a machine");
    assert_usable(&mut machine);
    let text = std::fs::read_to_string("/proc/self/statm").expect("procfs");
    let size = text.split(' ').next().and_then(|pages| pages.parse::<u64>().ok()).expect("pages") * 4096;
    let limit = set_limit(libc::RLIMIT_AS, size + (64 << 10));
    let grown = call_probe(&mut machine, Behaviour::Grow, &MEMORIES.to_le_bytes(), true);
    let other = snapshot.machine().map(drop);
    let deep = call(&mut machine, Behaviour::DeepStack, &[]);
    set_limit(libc::RLIMIT_AS, limit);
    assert_eq!(grown.expect("a reply")[..2], ErrorCode::Memory.0.to_le_bytes());
    assert_eq!(code(deep), ErrorCode::Internal);
    assert!(other.is_err());
    assert_usable(&mut machine);
    call(&mut machine, Behaviour::DeepStack, &[]).expect("memory again");
    assert_usable(&mut machine);
}

/// No child of this process sees guest memory or descriptors, and no core file holds guest memory.
#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn guest_memory_and_descriptors_are_private() {
    if !alone("guest_memory_and_descriptors_are_private") {
        return;
    }
    let mut machine = machine(patient());
    call(&mut machine, Behaviour::DeepStack, &[]).expect("a call that opens memory");
    let text = std::fs::read_to_string("/proc/self/smaps").expect("procfs");
    let mut unseen = machine.host_addresses();
    assert!(unseen.len() >= 2, "the mailbox and what opened");
    let mut current = 0..0;
    for line in text.lines() {
        let range = line.split(' ').next().and_then(|range| range.split_once('-'));
        if let Some((Ok(start), Ok(end))) =
            range.map(|(start, end)| (u64::from_str_radix(start, 16), u64::from_str_radix(end, 16)))
        {
            current = start..end;
        }
        let Some(flags) = line.strip_prefix("VmFlags:") else { continue };
        let before = unseen.len();
        unseen.retain(|address| !current.contains(address));
        if unseen.len() < before {
            let flags: Vec<&str> = flags.split_whitespace().collect();
            assert!(flags.contains(&"dc") && flags.contains(&"dd"), "{current:x?}: {flags:?}");
            assert!(!flags.contains(&"mg"), "{current:x?}: {flags:?}");
        }
    }
    assert!(unseen.is_empty(), "no mapping holds {unseen:x?}");
    for entry in std::fs::read_dir("/proc/self/fd").expect("procfs").flatten() {
        let target = std::fs::read_link(entry.path()).unwrap_or_default();
        let target = target.to_string_lossy().into_owned();
        let number = entry.file_name().to_string_lossy().parse::<i32>().expect("a descriptor");
        if target.contains("kvm") {
            // SAFETY: asking for the flags of a descriptor changes nothing.
            let flags = unsafe { libc::fcntl(number, libc::F_GETFD) };
            assert!(flags & libc::FD_CLOEXEC != 0, "{target}");
        }
    }
}

/// Threads of this process that run calls.
fn call_threads() -> usize {
    let names = std::fs::read_dir("/proc/self/task").expect("procfs").flatten();
    let names = names.filter_map(|entry| std::fs::read_to_string(entry.path().join("comm")).ok());
    names.filter(|name| name.trim() == "twinwall-call").count()
}

/// Waits for what happens on other threads, for a minute at most.
fn eventually(condition: impl Fn() -> bool) -> bool {
    let until = Instant::now() + Duration::from_secs(60);
    while !condition() {
        if Instant::now() > until {
            return false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    true
}

/// A crew takes its threads with it, those that run a call as soon as it is over.
#[test]
fn crews_leave_no_threads() {
    if !alone("crews_leave_no_threads") {
        return;
    }
    for _ in 0..5 {
        let crew = crate::Crew::new();
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let seats: Vec<_> = (0..8).map(|_| crew.seat().expect("a thread")).collect();
        assert!(eventually(|| call_threads() == 8));
        let mut seats = seats.into_iter();
        seats.next().expect("a seat").run(move || wait.recv(), drop);
        drop(crew);
        drop(seats);
        assert!(eventually(|| call_threads() == 1));
        drop(go);
        assert!(eventually(|| call_threads() == 0));
    }
}

/// Signals of that kind are refused while too many of the user's are pending.
#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn an_abort_waits_for_a_host_without_signals() {
    if !alone("an_abort_waits_for_a_host_without_signals") {
        return;
    }
    let mut machine = machine(Limits { deadline: 60_000_000_000, ..patient() });
    // From here on this thread has its timer, which counts as a signal that is pending.
    assert_usable(&mut machine);
    let handle = AbortHandle::new();
    let other = handle.clone();
    let aborter = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        let before = set_limit(libc::RLIMIT_SIGPENDING, 1);
        let begun = Instant::now();
        let giver = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(30));
            set_limit(libc::RLIMIT_SIGPENDING, before);
        });
        other.abort(CallError::new(ErrorCode::Aborted, "enough"));
        let waited = begun.elapsed();
        giver.join().expect("a limit");
        waited
    });
    let call = probe_call(Behaviour::Loop);
    let error = machine.call_abortable(&call, &mut NoHost, &mut [0; 0], &handle).expect_err("an abort");
    assert_eq!(error.code, ErrorCode::Aborted);
    let waited = aborter.join().expect("an abort");
    assert!(waited >= Duration::from_millis(30), "there were signals: {waited:?}");
    assert_usable(&mut machine);
}
