//! Whether the client is read from.

use std::cell::Cell;

use crate::envoy::Filter;

/// Reasons not to read, each of which Envoy hears of once.
#[derive(Debug)]
pub(super) struct Reading {
    filter: Filter,
    /// The client does not take what is sent to it.
    client: Cell<bool>,
    /// The guest does not keep up.
    guest: Cell<bool>,
}

impl Reading {
    pub(super) fn new(filter: Filter) -> Self {
        Self { filter, client: Cell::new(false), guest: Cell::new(false) }
    }

    /// Begins or ends to wait for the client.
    pub(super) fn hold_for_client(&self, hold: bool) {
        if self.client.replace(hold) != hold {
            self.filter.disable_reading(hold);
        }
    }

    /// Begins or ends to wait for the guest.
    pub(super) fn hold_for_guest(&self, hold: bool) {
        if self.guest.replace(hold) != hold {
            self.filter.disable_reading(hold);
        }
    }
}
