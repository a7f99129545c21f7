//! Components: typed functions under the component model's canonical ABI.
//!
//! Values cross the wall in that ABI's own layout (`packages/abi/schema/values.fbs`), so that passing them on is copying blocks
//! and setting pointers: no value is ever built in between.

mod call;
mod handles;
mod link;
mod program;
mod values;
mod wasi;

pub(crate) use call::{bound_transfers, call, drop_resources, run};
pub(crate) use handles::Handles;
pub(crate) use program::{ComponentProgram, load};
