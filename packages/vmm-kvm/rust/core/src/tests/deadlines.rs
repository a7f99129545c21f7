use std::time::{Duration, Instant};

use twinwall_abi::ErrorCode;

use super::{assert_usable, call, code, machine};
use crate::machine::Limits;
use crate::probe::Behaviour;
use crate::self_test::patient;

fn limits(deadline: Duration) -> Limits {
    Limits { deadline: deadline.as_nanos() as u64, ..patient() }
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn a_short_deadline_after_a_long_one_still_holds() {
    let mut machine = machine(limits(Duration::from_secs(60)));
    call(&mut machine, Behaviour::Nothing, &[]).expect("a call under a long deadline");
    machine.configure(limits(Duration::from_millis(5)));
    let started = Instant::now();
    assert_eq!(code(call(&mut machine, Behaviour::Loop, &[])), ErrorCode::Deadline);
    assert!(started.elapsed() < Duration::from_secs(10));
    machine.configure(patient());
    assert_usable(&mut machine);
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn a_tick_of_an_earlier_call_does_not_end_a_later_one() {
    let deadline = Duration::from_millis(3);
    let mut machine = machine(patient());
    machine.configure(limits(deadline));
    let until = Instant::now() + Duration::from_millis(200);
    while Instant::now() < until {
        let started = Instant::now();
        // On a busy host a call may really take that long.
        if let Err(error) = call(&mut machine, Behaviour::Nothing, &[]) {
            assert!(started.elapsed() >= deadline, "{error} after {:?}", started.elapsed());
        }
    }
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn each_thread_has_its_own_deadline() {
    let threads: Vec<_> = (0..4)
        .map(|_| {
            std::thread::spawn(|| {
                let mut machine = machine(patient());
                for _ in 0..5 {
                    machine.configure(limits(Duration::from_millis(10)));
                    assert_eq!(code(call(&mut machine, Behaviour::Loop, &[])), ErrorCode::Deadline);
                    machine.configure(patient());
                    assert_usable(&mut machine);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("a thread with its own machine");
    }
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn a_machine_moves_between_threads() {
    let mut machine = machine(patient());
    for _ in 0..3 {
        machine = std::thread::spawn(move || {
            machine.configure(limits(Duration::from_millis(10)));
            assert_eq!(code(call(&mut machine, Behaviour::Loop, &[])), ErrorCode::Deadline);
            machine.configure(patient());
            assert_usable(&mut machine);
            machine
        })
        .join()
        .expect("a thread that borrows the machine");
    }
    assert_usable(&mut machine);
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn processor_time_ends_a_loop_and_not_a_wait() {
    let cpu_time = Duration::from_millis(20);
    let limits = Limits { cpu_time: cpu_time.as_nanos() as u64, ..limits(Duration::from_secs(60)) };
    let mut machine = machine(limits);
    for _ in 0..3 {
        let started = Instant::now();
        let error = call(&mut machine, Behaviour::Loop, &[]).expect_err("a loop");
        assert_eq!((error.code, error.detail), (ErrorCode::Deadline, 1), "{error}");
        assert!(started.elapsed() >= cpu_time, "{:?}", started.elapsed());
        assert!(started.elapsed() < Duration::from_secs(30));
        assert!(machine.statistics().cpu_time >= limits.cpu_time);
    }
    // Without a deadline too, and a call that is within its time is left alone.
    machine.configure(Limits { deadline: u64::MAX, ..limits });
    assert_eq!(code(call(&mut machine, Behaviour::Loop, &[])), ErrorCode::Deadline);
    let plenty = Duration::from_secs(20).as_nanos() as u64;
    machine.configure(Limits { deadline: u64::MAX, cpu_time: plenty, ..limits });
    assert_usable(&mut machine);
    let used = machine.statistics().cpu_time;
    assert!(used > 0 && used < plenty, "{used}");
    // The deadline comes first where it is shorter.
    machine.configure(Limits { deadline: 2_000_000, ..limits });
    let error = call(&mut machine, Behaviour::Loop, &[]).expect_err("a loop");
    assert_eq!((error.code, error.detail), (ErrorCode::Deadline, 0), "{error}");
}
