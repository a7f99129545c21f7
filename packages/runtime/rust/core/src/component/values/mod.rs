//! Values between the wire's image and the memory of a component.

mod lift;
mod lower;
mod shape;

pub(crate) use lift::Lifted;
pub(crate) use lower::{Answer, Arguments};
