//! A network filter for Envoy, as a dynamic module: each chunk of a connection's data goes through the function `on_data`
//! of a guest, in a micro-VM on Envoy's own worker thread.
//!
//! Envoy loads the module (`libtwinwall_envoy.so`) and calls its hooks (`hooks.rs`). A configuration becomes a `Service`: the
//! booted guest, counters, and a set of machines for each worker. A connection becomes a `Connection`, which takes a
//! machine, hands it chunks, and applies what came back: inline on the worker, or on a thread of the
//! machine's own whose host calls come back to the worker through Envoy's scheduler.
//!
//! Everything fails closed: a configuration that cannot be served is refused, a connection whose guest fails is reset.
//! Envoy is trusted, and so is this module; the guest and the peers are not.
#![deny(unsafe_op_in_unsafe_fn)]

mod connection;
mod counters;
mod envoy;
mod guest;
mod hooks;
mod options;
mod service;
mod workers;
