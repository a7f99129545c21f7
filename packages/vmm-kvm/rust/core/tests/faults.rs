//! A host that refuses: every ioctl, mapping and timer call fails once, with each of several errors. Each time the
//! error is clean, nothing leaks, and the same thing works right afterwards.
//!
//! This program defines the C library's functions itself, in front of the real ones, so that the crate under test runs
//! as it is.

#![cfg_attr(not(images), allow(unused, reason = "without the images there is nothing to test"))]

#[allow(dead_code, reason = "it repeats nothing a given number of times")]
#[path = "../src/tests/rounds.rs"]
mod rounds;

use std::cell::Cell;
use std::ffi::{c_int, c_long, c_void};
use std::sync::Arc;

use twinwall_abi::CallKind;
use twinwall_vmm_kvm::{BootOptions, Call, Image, Limits, NoHost, Snapshot, Strategy, open, test_dirty_log};

#[cfg(images)]
const ECHO: &[u8] = include_bytes!("../../../../runtime/artifacts/images/echo.elf");
#[cfg(not(images))]
const ECHO: &[u8] = &[];

/// What the refusals of a thread look like.
#[derive(Clone, Copy)]
struct Fault {
    /// Calls that still succeed; `None` when none is to fail.
    left: Option<u32>,
    error: c_int,
}

thread_local! {
    static FAULT: Cell<Fault> = const { Cell::new(Fault { left: None, error: 0 }) };
}

/// Whether this call fails. One does, the later ones succeed again.
fn fails() -> bool {
    FAULT.with(|fault| {
        let Fault { left: Some(left), error } = fault.get() else { return false };
        fault.set(Fault { left: left.checked_sub(1), error });
        if left == 0 {
            // SAFETY: the C library's own place for the error of this thread.
            unsafe { *libc::__errno_location() = error };
        }
        left == 0
    })
}

/// What the real function would do, by its number.
fn system_call(number: c_long, words: [usize; 6]) -> c_long {
    let [a, b, c, d, e, f] = words;
    // SAFETY: the arguments are those that the caller has for the function of that number.
    unsafe { libc::syscall(number, a, b, c, d, e, f) }
}

// SAFETY: all of these have the C library's own names and do what it does, or fail as it may. `ioctl` is variadic there,
// and passes its one further argument as this does on x86-64.
#[unsafe(no_mangle)]
extern "C" fn ioctl(descriptor: c_int, request: u64, argument: usize) -> c_int {
    if fails() {
        return -1;
    }
    system_call(libc::SYS_ioctl, [descriptor as usize, request as usize, argument, 0, 0, 0]) as c_int
}

fn map(words: [usize; 6]) -> *mut c_void {
    if fails() { libc::MAP_FAILED } else { system_call(libc::SYS_mmap, words) as *mut c_void }
}

// SAFETY: as above.
#[unsafe(no_mangle)]
extern "C" fn mmap(at: usize, length: usize, a: c_int, b: c_int, file: c_int, offset: usize) -> *mut c_void {
    map([at, length, a as usize, b as usize, file as usize, offset])
}

// SAFETY: as above.
#[unsafe(no_mangle)]
extern "C" fn mmap64(
    at: usize,
    length: usize,
    a: c_int,
    b: c_int,
    file: c_int,
    offset: usize,
) -> *mut c_void {
    map([at, length, a as usize, b as usize, file as usize, offset])
}

// SAFETY: as above.
#[unsafe(no_mangle)]
extern "C" fn mprotect(at: usize, length: usize, protection: c_int) -> c_int {
    if fails() {
        return -1;
    }
    system_call(libc::SYS_mprotect, [at, length, protection as usize, 0, 0, 0]) as c_int
}

// SAFETY: as above. The kernel's number of a timer is what the C library gives out for one that sends a signal.
#[unsafe(no_mangle)]
extern "C" fn timer_create(clock: c_int, event: usize, timer: *mut usize) -> c_int {
    if fails() {
        return -1;
    }
    // SAFETY: the caller's own variable.
    unsafe { *timer = 0 };
    system_call(libc::SYS_timer_create, [clock as usize, event, timer as usize, 0, 0, 0]) as c_int
}

// SAFETY: as above.
#[unsafe(no_mangle)]
extern "C" fn timer_settime(timer: usize, flags: c_int, value: usize, old: usize) -> c_int {
    if fails() {
        return -1;
    }
    system_call(libc::SYS_timer_settime, [timer, flags as usize, value, old, 0, 0]) as c_int
}

/// Runs `work` on a thread of its own, whose call number `after` fails; whether one did, and what came out.
fn with_fault<Value: Send + 'static>(
    after: u32,
    error: c_int,
    work: impl FnOnce() -> Value + Send + 'static,
) -> (bool, Value) {
    let thread = std::thread::spawn(move || {
        FAULT.set(Fault { left: Some(after), error });
        let value = work();
        (FAULT.replace(Fault { left: None, error: 0 }).left.is_none(), value)
    });
    thread.join().expect("a refusal is an error, and never a panic")
}

fn echo(machine: &mut twinwall_vmm_kvm::Machine, input: &[u8]) -> Result<(), String> {
    let call =
        Call { kind: CallKind::Bytes, function: 0, input, continues: false, restore: true, exact: false };
    let mut output = Vec::new();
    machine.call(&call, &mut NoHost, &mut output).map_err(|error| error.to_string())?;
    assert!(output == input, "wrong bytes");
    Ok(())
}

/// Boots, makes machines, calls them; the first error. Whatever a call says, the next one is right.
fn life() -> Result<(), String> {
    let image = Arc::new(Image::load(ECHO).map_err(|error| error.to_string())?);
    let options = BootOptions {
        limits: Limits { deadline: 20_000_000_000, ..Limits::default() },
        attachments: &[(&[7; 5000], false)],
        recycle: true,
        ..BootOptions::default()
    };
    let snapshot = Snapshot::boot(image, &options, &mut NoHost).map_err(|error| error.to_string())?;
    let mut outcome = Ok(());
    for round in 0..2 {
        let mut machine = snapshot.machine().map_err(|error| error.to_string())?;
        if round == 1 {
            outcome =
                outcome.and(machine.fix_strategy(Strategy::DirtyLog).map_err(|error| error.to_string()));
        }
        // Within the areas that are open, and beyond them.
        for length in [100, 900 << 10] {
            let input = vec![0x5a ^ round; length];
            let result = echo(&mut machine, &input);
            if result.is_err() {
                assert_eq!(echo(&mut machine, &input), Ok(()), "the call behind {result:?}");
            }
            outcome = outcome.and(result);
        }
    }
    outcome
}

fn descriptors_and_mappings() -> (usize, usize) {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("procfs");
    // The C library keeps stacks and arenas of threads that ended; a machine's memory has sizes of its own.
    let ours = maps.lines().filter(|line| line.contains("kvm")).count();
    (std::fs::read_dir("/proc/self/fd").expect("procfs").count(), ours)
}

/// Resident bytes of this process.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").expect("procfs");
    text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).expect("a number of pages") * 4096
}

/// One test: all of it counts the calls, descriptors and mappings of the whole process.
#[test]
#[cfg_attr(not(all(kvm, images)), ignore = "needs /dev/kvm and the runtime's images: `pnpm build`")]
fn every_refusal_is_a_clean_error() {
    let errors = [libc::ENOMEM, libc::EIO, libc::EINTR];
    // The self-test makes hundreds of calls: all of the first, later ones with growing gaps.
    let mut refused = 0;
    for (round, after) in std::iter::successors(Some(0), |after| Some(after + 1 + after / 8)).enumerate() {
        let error = errors[round % errors.len()];
        let (fired, result) = with_fault(after, error, || open().map_err(|error| error.to_string()));
        if let Err(message) = &result {
            assert!(fired, "{message}");
            assert!(message.len() > 10, "{message}");
            refused += 1;
        }
        if !fired {
            assert!(result.is_ok(), "{result:?}");
            break;
        }
        if result.is_ok() {
            // What a hypervisor may refuse without harm; from now on, the result is kept.
            break;
        }
    }
    open().expect("the self-test passes when nothing is refused");
    assert!(refused > 0, "nothing was refused");
    // Not beside what is counted below, where it would come by itself.
    test_dirty_log().expect("KVM's dirty log passes its test");

    life().expect("a life without refusals");
    let (before, resident_before) = (descriptors_and_mappings(), resident());
    let mut kinds = std::collections::BTreeSet::new();
    // Where processors are emulated, one kind of refusal takes long enough.
    for &error in if rounds::is_emulated() { &errors[..1] } else { &errors } {
        for after in 0.. {
            let (fired, result) = with_fault(after, error, life);
            if !fired {
                assert_eq!(result, Ok(()));
                assert!(after > 20, "only {after} calls: what are they made by?");
                break;
            }
            if let Err(message) = result {
                kinds.insert(message.split(':').next().unwrap_or_default().to_owned());
            }
            assert_eq!(descriptors_and_mappings(), before, "after call {after} with error {error}");
        }
    }
    assert!(kinds.len() > 4, "{kinds:?}");
    let after = resident();
    assert!(after < resident_before + (32 << 20), "{resident_before} bytes before, {after} after");
    println!("refusals as they were told: {kinds:#?}");
}
