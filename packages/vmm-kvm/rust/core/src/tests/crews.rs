//! Threads for calls.

use std::collections::HashSet;
use std::sync::mpsc;
use std::sync::{Arc, Barrier};
use std::thread::{self, ThreadId};

use crate::Crew;

/// The thread that ran a job.
fn run_one(crew: &Crew) -> ThreadId {
    let (sender, receiver) = mpsc::channel();
    let deliver = move |id| sender.send(id).expect("the test");
    crew.seat().expect("a thread").run(|| thread::current().id(), deliver);
    receiver.recv().expect("a job that ran")
}

#[test]
fn a_thread_is_used_again() {
    let crew = Crew::new();
    let threads: HashSet<_> = (0..200).map(|_| run_one(&crew)).collect();
    assert_eq!(threads.len(), 1);
}

#[test]
fn jobs_that_wait_for_each_other_run_at_the_same_time() {
    const JOBS: usize = 12;
    let crew = Crew::new();
    for _ in 0..20 {
        let barrier = Arc::new(Barrier::new(JOBS + 1));
        let seats: Vec<_> = (0..JOBS).map(|_| crew.seat().expect("a thread")).collect();
        for seat in seats {
            let barrier = Arc::clone(&barrier);
            seat.run(move || barrier.wait(), drop);
        }
        barrier.wait();
    }
}

#[test]
fn a_job_may_panic() {
    let crew = Crew::new();
    for _ in 0..3 {
        let fail = || std::panic::resume_unwind(Box::new("a job that fails"));
        crew.seat().expect("a thread").run(fail, |()| panic!("there is no outcome"));
        run_one(&crew);
        crew.seat().expect("a thread").run(|| (), move |()| fail());
        run_one(&crew);
    }
}

#[test]
fn a_seat_may_be_given_back() {
    let crew = Crew::new();
    for _ in 0..10 {
        drop(crew.seat().expect("a thread"));
    }
    run_one(&crew);
}

#[test]
fn a_seat_outlives_its_crew() {
    let crew = Crew::new();
    let seats = [crew.seat().expect("a thread"), crew.seat().expect("a thread")];
    drop(crew);
    let (sender, receiver) = mpsc::channel();
    for seat in seats {
        let sender = sender.clone();
        seat.run(|| (), move |()| sender.send(()).expect("the test"));
    }
    assert_eq!((receiver.recv(), receiver.recv()), (Ok(()), Ok(())));
}
