//! Machines by worker: made ahead, used by one connection at a time, restored after use.
//!
//! Making a virtual machine and taking one apart costs many times a call, so a thread beside the workers does both where it
//! can: the keeper.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Instant;

use twinwall_host::{CallError, ErrorCode, MachineError, show_text};

use crate::envoy::abi::Level;
use crate::envoy::{Gate, log};
use crate::guest::{LineBudget, Runner, Template};

/// Idle machines that a worker keeps when connections go, beyond those that are made ahead.
const KEPT: usize = 32;

/// Machines that may wait for the keeper: beyond, who throws machines away takes them apart.
const MOST_RETIRING: usize = 16;

/// How many machines there are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbers {
    /// Workers.
    pub(crate) workers: u32,
    /// Machines of each that are made ahead.
    pub(crate) warm: usize,
    /// Most machines of each.
    pub(crate) most: usize,
    /// A connection keeps its machine, so one that is taken is missed.
    pub(crate) long_lived: bool,
}

/// The machines of all workers.
#[derive(Debug)]
pub(crate) struct Workers {
    shared: Arc<Shared>,
    /// Absent only while the value is dropped.
    chores: Option<Sender<Chore>>,
    keeper: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    /// Worker by worker: besides its worker only the keeper and the end of a configuration use a set.
    sets: Box<[Mutex<Set>]>,
    template: Template,
    numbers: Numbers,
    /// Machines that wait for the keeper.
    retiring: AtomicUsize,
    /// The configuration ends: nothing is made any more.
    ending: AtomicBool,
    /// For errors of the keeper.
    lines: LineBudget,
}

#[derive(Debug, Default)]
struct Set {
    idle: Vec<Runner>,
    /// In use and idle.
    live: usize,
    /// What the keeper is about to add.
    making: usize,
}

/// What the keeper does.
enum Chore {
    /// Makes machines where some are missing from those made ahead.
    Fill,
    /// Takes a machine apart.
    Retire(Runner),
    /// Brings a connection's worker back to it at a time.
    Wake(Instant, Arc<Gate>),
}

/// A machine in use, given back when the value is dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    /// Present until the value is dropped.
    runner: Option<Runner>,
    workers: Arc<Workers>,
    worker: usize,
}

impl Workers {
    /// Sets with a machine each, where any are to be made ahead; the keeper makes the others.
    pub(crate) fn new(template: Template, numbers: Numbers) -> Result<Self, CallError> {
        let first = numbers.warm.min(1);
        let sets = (0..numbers.workers.max(1)).map(|_| {
            let idle = (0..first).map(|_| template.runner()).collect::<Result<Vec<_>, _>>()?;
            Ok(Mutex::new(Set { live: idle.len(), idle, making: 0 }))
        });
        let sets = sets.collect::<Result<_, CallError>>()?;
        let shared = Arc::new(Shared {
            sets,
            template,
            numbers,
            retiring: AtomicUsize::new(0),
            ending: AtomicBool::new(false),
            lines: LineBudget::new(),
        });
        let (chores, work) = channel();
        let for_keeper = Arc::clone(&shared);
        let keeper = Builder::new()
            .name("twinwall-keeper".into())
            .spawn(move || for_keeper.keep(&work))
            .map_err(MachineError::Thread)?;
        let workers = Self { shared, chores: Some(chores), keeper: Some(keeper) };
        workers.ask(Chore::Fill);
        Ok(workers)
    }

    /// What machines are made from.
    pub(crate) fn template(&self) -> &Template {
        &self.shared.template
    }

    /// A machine of a worker.
    ///
    /// # Errors
    /// [`ErrorCode::NoMachine`] when the worker has as many as it may; else what making one failed with.
    pub(crate) fn take(self: &Arc<Self>, worker: u32) -> Result<Lease, CallError> {
        let Numbers { most, warm, long_lived, .. } = self.shared.numbers;
        let worker = worker as usize % self.shared.sets.len();
        let mut set = self.shared.lock(worker);
        if let Some(runner) = set.idle.pop() {
            let missed = long_lived && set.idle.len() < warm;
            drop(set);
            if missed {
                self.ask(Chore::Fill);
            }
            return Ok(self.lease(runner, worker));
        }
        if set.live >= most {
            let text = format!("all {most} machines of the worker are in use");
            return Err(CallError::new(ErrorCode::NoMachine, text));
        }
        set.live += 1;
        drop(set);
        match self.shared.template.runner() {
            Ok(runner) => Ok(self.lease(runner, worker)),
            Err(error) => {
                self.shared.lock(worker).live -= 1;
                Err(error)
            }
        }
    }

    fn lease(self: &Arc<Self>, runner: Runner, worker: usize) -> Lease {
        Lease { runner: Some(runner), workers: Arc::clone(self), worker }
    }

    /// Has a connection's worker come back to it at a time, unless it is closed by then.
    pub(crate) fn wake_at(&self, time: Instant, gate: &Arc<Gate>) {
        self.ask(Chore::Wake(time, Arc::clone(gate)));
    }

    fn give_back(&self, mut runner: Runner, worker: usize) {
        let left = if runner.reset() { self.shared.put(runner, worker).err() } else { Some(runner) };
        let Some(runner) = left else { return };
        self.shared.lock(worker).live -= 1;
        if self.shared.retiring.fetch_add(1, Ordering::Relaxed) < MOST_RETIRING {
            self.ask(Chore::Retire(runner));
        } else {
            self.shared.retiring.fetch_sub(1, Ordering::Relaxed);
            drop(runner);
        }
    }

    /// What the keeper cannot take any more is dropped here.
    fn ask(&self, chore: Chore) {
        if let Some(chores) = &self.chores {
            let _ = chores.send(chore);
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.shared.ending.store(true, Ordering::Relaxed);
        self.chores = None;
        if let Some(keeper) = self.keeper.take() {
            // A panic there leaves nothing to do here.
            let _ = keeper.join();
        }
    }
}

impl Shared {
    fn lock(&self, worker: usize) -> MutexGuard<'_, Set> {
        self.sets[worker].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an idle machine to a set; gives it back when the set has enough.
    fn put(&self, runner: Runner, worker: usize) -> Result<(), Runner> {
        let mut set = self.lock(worker);
        if set.idle.len() >= self.numbers.warm.max(KEPT) {
            return Err(runner);
        }
        set.idle.push(runner);
        Ok(())
    }

    /// The keeper's thread.
    fn keep(&self, work: &Receiver<Chore>) {
        let mut wakes: Vec<(Instant, Arc<Gate>)> = Vec::new();
        loop {
            let mut fill = false;
            match next_chore(work, &wakes) {
                Ok(chore) => fill |= self.run(chore, &mut wakes),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            // Machines that are gone make room for others.
            while let Ok(chore) = work.try_recv() {
                fill |= self.run(chore, &mut wakes);
            }
            wake_due(&mut wakes);
            if fill && !self.ending.load(Ordering::Relaxed) {
                self.fill();
            }
        }
    }

    /// Does what takes no machine; returns whether some may be missing.
    fn run(&self, chore: Chore, wakes: &mut Vec<(Instant, Arc<Gate>)>) -> bool {
        match chore {
            Chore::Fill => true,
            Chore::Retire(runner) => {
                drop(runner);
                self.retiring.fetch_sub(1, Ordering::Relaxed);
                true
            }
            Chore::Wake(time, gate) => {
                wakes.push((time, gate));
                false
            }
        }
    }

    /// Makes machines where some are missing from those made ahead.
    fn fill(&self) {
        for worker in 0..self.sets.len() {
            while self.reserve(worker) {
                let made = self.template.runner();
                let mut set = self.lock(worker);
                set.making -= 1;
                match made {
                    // A worker that could not wait may have made the last one meanwhile.
                    Ok(_) if set.live >= self.numbers.most => break,
                    Ok(runner) => {
                        set.live += 1;
                        set.idle.push(runner);
                    }
                    Err(error) => {
                        drop(set);
                        if self.lines.take() {
                            let text = show_text(&error.message, 1000);
                            log(
                                Level::Error,
                                &format!("twinwall: a machine could not be made ahead: {text}"),
                            );
                        }
                        break;
                    }
                }
            }
        }
    }

    /// Counts a machine that is about to be made ahead; false where none is missing.
    fn reserve(&self, worker: usize) -> bool {
        let Numbers { warm, most, .. } = self.numbers;
        let mut set = self.lock(worker);
        let missing = set.idle.len() + set.making < warm && set.live + set.making < most;
        if missing {
            set.making += 1;
        }
        missing
    }
}

/// The next chore; waits for it no longer than until the first of `wakes`.
fn next_chore(work: &Receiver<Chore>, wakes: &[(Instant, Arc<Gate>)]) -> Result<Chore, RecvTimeoutError> {
    match wakes.iter().map(|(time, _)| *time).min() {
        Some(first) => work.recv_timeout(first.saturating_duration_since(Instant::now())),
        None => work.recv().map_err(|_| RecvTimeoutError::Disconnected),
    }
}

fn wake_due(wakes: &mut Vec<(Instant, Arc<Gate>)>) {
    let now = Instant::now();
    wakes.retain(|(time, gate)| {
        let due = *time <= now;
        if due {
            gate.wake();
        }
        !due
    });
}

impl Lease {
    /// The machine.
    pub(crate) fn runner(&mut self) -> Option<&mut Runner> {
        self.runner.as_mut()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(runner) = self.runner.take() {
            self.workers.give_back(runner, self.worker);
        }
    }
}
