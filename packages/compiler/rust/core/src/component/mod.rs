//! Components: what their world is, and how a core module becomes one.

mod memory;
mod packages;
mod section;
mod world;
mod world_table;
mod wrap;

pub(crate) use memory::memories;
pub(crate) use world::{Function, Resource, Type, World, from_wit as world_of_wit, read as read_world};
pub(crate) use world_table::encode as encode_world;
pub(crate) use wrap::{is_wrappable, wrap};
