//! Machines by worker: made ahead, used by one connection at a time, restored after use.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use twinwall_host::{CallError, ErrorCode};

use crate::guest::{Runner, Template};

/// Idle machines that a worker keeps when connections go, beyond those that are made ahead.
const KEPT: usize = 32;

/// The machines of all workers.
#[derive(Debug)]
pub(crate) struct Workers {
    /// Worker by worker: each lock has one user, and is there for the end of a configuration, which is elsewhere.
    sets: Box<[Mutex<Set>]>,
    template: Template,
    kept: usize,
    most: usize,
}

#[derive(Debug, Default)]
struct Set {
    idle: Vec<Runner>,
    /// In use and idle.
    live: usize,
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
    /// Sets for `count` workers, of at most `most` machines each, with `warm` in each from the start.
    pub(crate) fn new(template: Template, count: u32, warm: usize, most: usize) -> Result<Self, CallError> {
        let sets = (0..count.max(1)).map(|_| {
            let idle = (0..warm).map(|_| template.runner()).collect::<Result<Vec<_>, _>>()?;
            Ok(Mutex::new(Set { live: idle.len(), idle }))
        });
        let sets = sets.collect::<Result<_, CallError>>()?;
        Ok(Self { sets, template, kept: warm.max(KEPT), most })
    }

    /// What machines are made from.
    pub(crate) fn template(&self) -> &Template {
        &self.template
    }

    /// A machine of a worker.
    ///
    /// # Errors
    /// [`ErrorCode::NoMachine`] when the worker has as many as it may; else what making one failed with.
    pub(crate) fn take(self: &Arc<Self>, worker: u32) -> Result<Lease, CallError> {
        let worker = worker as usize % self.sets.len();
        let mut set = self.lock(worker);
        if let Some(runner) = set.idle.pop() {
            return Ok(self.lease(runner, worker));
        }
        if set.live >= self.most {
            let text = format!("all {} machines of the worker are in use", self.most);
            return Err(CallError::new(ErrorCode::NoMachine, text));
        }
        let runner = self.template.runner()?;
        set.live += 1;
        Ok(self.lease(runner, worker))
    }

    fn lease(self: &Arc<Self>, runner: Runner, worker: usize) -> Lease {
        Lease { runner: Some(runner), workers: Arc::clone(self), worker }
    }

    fn give_back(&self, mut runner: Runner, worker: usize) {
        let usable = runner.reset();
        let mut set = self.lock(worker);
        if usable && set.idle.len() < self.kept {
            set.idle.push(runner);
        } else {
            set.live -= 1;
            drop(set);
            drop(runner);
        }
    }

    fn lock(&self, worker: usize) -> MutexGuard<'_, Set> {
        self.sets[worker].lock().unwrap_or_else(PoisonError::into_inner)
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
