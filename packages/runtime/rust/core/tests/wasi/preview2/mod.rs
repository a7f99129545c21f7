//! WASI 0.2: functions as components call them, from an image of arguments to an image of the result.

mod cli;
mod clocks;
mod component;
mod descriptors;
mod functions;
mod hostile;
mod paths;
mod streams;
