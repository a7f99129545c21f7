//! Writing of outbox records: what the host reads at the next exit without being asked.

use core::ptr;

use twinwall_abi::{GateOperation, Record, RecordKind, Report, outbox::HEAD};

use crate::Gate;

/// A record that does not fit an empty outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// Appends one record as a whole; drains the outbox first when it has no room.
///
/// # Errors
/// [`TooLong`] when even an empty outbox has no room for it.
pub fn append<G: Gate>(kind: RecordKind, function: u32, data: &[u8]) -> Result<(), TooLong> {
    let room = Room::of::<G>();
    let bytes = HEAD as u64 + padded(data.len());
    if bytes > room.capacity {
        return Err(TooLong);
    }
    let used = if bytes > room.capacity - room.used {
        drain::<G>();
        0
    } else {
        room.used
    };
    put::<G>(room.address, used, kind, function, data);
    Ok(())
}

/// Appends bytes of a stream, as many records as it takes.
pub fn append_stream<G: Gate>(kind: RecordKind, mut data: &[u8]) {
    while !data.is_empty() {
        let mut room = Room::of::<G>();
        if room.data_bytes() == 0 {
            drain::<G>();
            room.used = 0;
            if room.data_bytes() == 0 {
                // The host gave no outbox at all: there is nowhere to put the text.
                return;
            }
        }
        let (now, later) = data.split_at(data.len().min(room.data_bytes()));
        put::<G>(room.address, room.used, kind, 0, now);
        data = later;
    }
}

/// What the host opened, and how much of it is taken.
struct Room {
    address: u64,
    capacity: u64,
    used: u64,
}

impl Room {
    fn of<G: Gate>() -> Self {
        let mailbox = G::mailbox();
        let request = mailbox.request();
        let capacity = request.outbox_capacity();
        Self { address: request.outbox_address(), capacity, used: mailbox.outbox_length().min(capacity) }
    }

    /// Longest data that the next record can carry: what is left without the head, rounded down to the padding.
    fn data_bytes(&self) -> usize {
        ((self.capacity - self.used).saturating_sub(HEAD as u64) & !7) as usize
    }
}

fn drain<G: Gate>() {
    G::mailbox().exchange::<G>(GateOperation::Drain, Report::default());
}

const fn padded(length: usize) -> u64 {
    (length as u64).saturating_add(7) & !7
}

fn put<G: Gate>(address: u64, used: u64, kind: RecordKind, function: u32, data: &[u8]) {
    let record = Record::new(kind.0, 0, function, data.len() as u32, 0);
    let at = (address + used) as *mut u8;
    // SAFETY: the caller checked that head and padded data lie within the outbox, which the host keeps open and
    // writable and which nothing else in the guest refers to.
    unsafe {
        at.cast::<Record>().write_unaligned(record);
        ptr::copy_nonoverlapping(data.as_ptr(), at.add(HEAD), data.len());
    }
    G::mailbox().set_outbox_length(used + HEAD as u64 + padded(data.len()));
}
