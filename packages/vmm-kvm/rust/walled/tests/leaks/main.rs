//! Nothing is left behind: no process, no descriptor. In a program of its own, since it counts what the process has.

use std::fs;
use std::time::Duration;

use twinwall_vmm_kvm::NoHost;

use rounds::rounds;
use support::{ECHO, call, call_of, small, snapshot, stat_fields, wait_for_end};

#[path = "../../../core/src/tests/rounds.rs"]
mod rounds;
#[path = "../machines/support.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod support;

/// Descriptors of this process.
fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").expect("a list").count()
}

/// Living and dead children of this process: number and state.
fn children() -> Vec<(u32, char)> {
    let own = std::process::id();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").expect("a list").flatten() {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let fields = stat_fields(process);
        if let [state, parent, ..] = &fields[..]
            && parent.parse() == Ok(own)
        {
            found.extend(state.chars().next().map(|state| (process, state)));
        }
    }
    found
}

/// Waits until there are no children, and at most so many descriptors, where any number is given.
fn until_only(most: usize) {
    let holds = || children().is_empty() && (most == 0 || descriptors() <= most);
    for _ in 0..1000 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("left: {:?}, {} descriptors where {most} were", children(), descriptors());
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn nothing_is_left_of_many_machines() {
    let snapshot = snapshot(small(), false);
    // The worker that booted is on its way.
    until_only(0);
    let before = descriptors();
    for round in 0..rounds(200) {
        let mut machine = snapshot.machine().expect("a worker");
        assert_eq!(call(&mut machine, ECHO, &[round as u8]), Ok(vec![round as u8]));
        match round % 4 {
            0 => drop(machine),
            1 => machine.retire(),
            2 => {
                let process = machine.process().expect("a worker");
                // SAFETY: the process is a worker of this test.
                unsafe { libc::kill(process as i32, libc::SIGKILL) };
                wait_for_end(process);
                assert!(call(&mut machine, ECHO, b"x").is_ok());
            }
            _ => {
                machine.call(&call_of(ECHO, b"y", false), &mut NoHost, &mut Vec::new()).expect("an echo");
                machine.replace().expect("another worker");
            }
        }
    }
    until_only(before);
}
