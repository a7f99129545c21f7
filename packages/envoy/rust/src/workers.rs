//! Machines by worker: made ahead, used by one connection at a time, restored after use.
//!
//! Making a virtual machine and taking one apart costs many times a call, so a thread beside the workers does both where it
//! can: the keeper.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use twinwall_host::{CallError, ErrorCode, MachineError, show_text};

use crate::envoy::abi::Level;
use crate::envoy::log;
use crate::guest::{Runner, Template};

/// Idle machines that a worker keeps when connections go, beyond those that are made ahead.
const KEPT: usize = 32;

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
}

#[derive(Debug, Default)]
struct Set {
    idle: Vec<Runner>,
    /// In use, idle, and with the keeper.
    live: usize,
}

/// What the keeper does.
enum Chore {
    /// Makes machines where some are missing from those made ahead.
    Fill,
    /// Takes a machine apart.
    Retire { runner: Runner, worker: usize },
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
            Ok(Mutex::new(Set { live: idle.len(), idle }))
        });
        let sets = sets.collect::<Result<_, CallError>>()?;
        let shared = Arc::new(Shared { sets, template, numbers });
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

    fn give_back(&self, mut runner: Runner, worker: usize) {
        let left = if runner.reset() { self.shared.put(runner, worker).err() } else { Some(runner) };
        if let Some(runner) = left {
            self.ask(Chore::Retire { runner, worker });
        }
    }

    fn ask(&self, chore: Chore) {
        // The keeper ends with the value; what it cannot take is dropped here.
        if let Some(chores) = &self.chores {
            let _ = chores.send(chore);
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
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
        while let Ok(chore) = work.recv() {
            if let Chore::Retire { runner, worker } = chore {
                drop(runner);
                self.lock(worker).live -= 1;
            }
            self.fill();
        }
    }

    /// Makes machines where some are missing from those made ahead.
    fn fill(&self) {
        for worker in 0..self.sets.len() {
            while self.reserve(worker) {
                let made = self.template.runner();
                let mut set = self.lock(worker);
                match made {
                    Ok(runner) => set.idle.push(runner),
                    Err(error) => {
                        set.live -= 1;
                        drop(set);
                        let text = show_text(&error.message, 1000);
                        log(Level::Error, &format!("twinwall: a machine could not be made ahead: {text}"));
                        break;
                    }
                }
            }
        }
    }

    /// Counts a machine that is about to be made ahead; false where none is missing.
    fn reserve(&self, worker: usize) -> bool {
        let mut set = self.lock(worker);
        let missing = set.idle.len() < self.numbers.warm && set.live < self.numbers.most;
        if missing {
            set.live += 1;
        }
        missing
    }
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
