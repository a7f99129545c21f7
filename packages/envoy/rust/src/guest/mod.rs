//! The guest's side of the wall: its machine, and the functions of the host that it may call.

mod functions;
mod host;
mod input;
mod runner;
mod thread;

pub(crate) use functions::declarations;
pub(crate) use host::{Effects, GuestHost};
pub(crate) use input::Input;
pub(crate) use runner::{Runner, Template};
pub(crate) use thread::{Mailbox, Message};
