//! The guest's side of the wall: its machine, and the functions of the host that it may call.

mod event;
mod functions;
mod host;
mod input;
mod log;
mod mailbox;
mod runner;
mod thread;

pub(crate) use event::{bad_result, remaining, with_deadline};
pub(crate) use functions::declarations;
pub(crate) use host::{Effects, GuestHost};
pub(crate) use input::Input;
pub(crate) use log::LineBudget;
pub(crate) use mailbox::{Mailbox, Message};
pub(crate) use runner::{Runner, Template};
pub(crate) use thread::Task;
