//! What runs for a chunk: a guest's machine, or what measurements put in its place.

use twinwall_host::{BytesFunction, CallError, Floor, Instance, Program};

use super::thread::MachineThread;
use crate::options::Placement;

/// What runners are made from.
#[derive(Debug)]
pub(crate) enum Template {
    /// A booted guest.
    Guest { program: Program, on_data: BytesFunction, placement: Placement },
    /// Nothing.
    Pass,
    /// An empty exit of a machine.
    Floor,
}

/// What runs.
#[derive(Debug)]
pub(crate) enum Runner {
    Inline(Box<Instance>),
    Thread(MachineThread),
    Pass,
    Floor(Box<Floor>),
}

impl Template {
    /// Makes one.
    pub(crate) fn runner(&self) -> Result<Runner, CallError> {
        match self {
            Self::Guest { program, placement: Placement::Inline, .. } => {
                program.instance().map(Box::new).map(Runner::Inline)
            }
            Self::Guest { program, on_data, placement: Placement::Thread, .. } => {
                MachineThread::start(program.instance()?, *on_data).map(Runner::Thread)
            }
            Self::Pass => Ok(Runner::Pass),
            Self::Floor => Floor::new().map(Box::new).map(Runner::Floor),
        }
    }
}

impl Runner {
    /// Forgets the connection that it served. False when that takes a new virtual machine, or is not possible: then it must
    /// go.
    pub(crate) fn reset(&mut self) -> bool {
        match self {
            Self::Inline(instance) => {
                instance.finish();
                !instance.is_spent()
            }
            Self::Thread(thread) => thread.reset(),
            Self::Pass | Self::Floor(_) => true,
        }
    }
}
