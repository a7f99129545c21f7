//! The values of a typed call: the frame around an image.
//!
//! What an image is stands in `schema/values.fbs`.

mod frame;

pub use frame::{VALUES_PREFIX, frame_head, image};
