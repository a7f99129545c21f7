//! Envoy behind safe functions.

pub(crate) mod abi;

use std::ffi::c_int;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{ptr, slice};

use abi::{Buffer, CloseKind, ConfigPointer, FilterPointer, Level, SchedulerPointer};

/// Writes a line to Envoy's log, from any thread.
pub(crate) fn log(level: Level, text: &str) {
    // SAFETY: no preconditions.
    if !unsafe { abi::envoy_dynamic_module_callback_log_enabled(level as c_int) } {
        return;
    }
    // SAFETY: the text outlives the call.
    unsafe { abi::envoy_dynamic_module_callback_log(level as c_int, buffer(text.as_bytes())) };
}

/// Number of Envoy's workers.
pub(crate) fn concurrency() -> u32 {
    // SAFETY: no preconditions.
    unsafe { abi::envoy_dynamic_module_callback_get_concurrency() }
}

/// Whether Envoy only checks its configuration (`--mode validate`).
pub(crate) fn is_validating() -> bool {
    // SAFETY: no preconditions.
    unsafe { abi::envoy_dynamic_module_callback_is_validation_mode() }
}

/// Envoy's filter configuration, for as long as the hook that got it runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Config(ConfigPointer);

impl Config {
    /// # Safety
    /// `pointer` is what Envoy passed to the hook in progress, on the main thread.
    pub(crate) unsafe fn new(pointer: ConfigPointer) -> Self {
        Self(pointer)
    }

    /// Defines a counter; `None` when Envoy refuses.
    pub(crate) fn define_counter(self, name: &str) -> Option<usize> {
        let mut id = 0;
        // SAFETY: the pointer is valid by the contract of `new`; name and id outlive the call.
        let result = unsafe {
            abi::envoy_dynamic_module_callback_network_filter_config_define_counter(
                self.0,
                buffer(name.as_bytes()),
                &mut id,
            )
        };
        (result == 0).then_some(id)
    }
}

/// A direction of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From the client to the upstream.
    Read,
    /// From the upstream to the client.
    Write,
}

impl Direction {
    /// The opposite one.
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Read => Self::Write,
            Self::Write => Self::Read,
        }
    }
}

/// Envoy's filter of one connection. Used on the worker that owns the connection, while the connection lives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Filter(FilterPointer);

impl Filter {
    /// # Safety
    /// `pointer` is what Envoy passed to a hook of this filter. The value is used on that thread only, and not after the
    /// filter's destroy hook has returned.
    pub(crate) unsafe fn new(pointer: FilterPointer) -> Self {
        Self(pointer)
    }

    /// Appends up to `most` bytes from the front of a direction's buffer to `target`, takes them out of the buffer, and
    /// returns how many there were.
    pub(crate) fn take(self, direction: Direction, most: usize, target: &mut Vec<u8>) -> usize {
        let before = target.len();
        for chunk in self.chunks(direction) {
            let room = most - (target.len() - before);
            target.extend_from_slice(&chunk[..chunk.len().min(room)]);
        }
        let taken = target.len() - before;
        self.drain(direction, taken);
        taken
    }

    /// The buffer's pieces. They are gone with the next change of the buffer, which is why this is private.
    fn chunks(&self, direction: Direction) -> Vec<&[u8]> {
        // SAFETY: the filter lives, by the contract of `new`.
        let count = unsafe {
            match direction {
                Direction::Read => {
                    abi::envoy_dynamic_module_callback_network_filter_get_read_buffer_chunks_size(self.0)
                }
                Direction::Write => {
                    abi::envoy_dynamic_module_callback_network_filter_get_write_buffer_chunks_size(self.0)
                }
            }
        };
        let mut chunks = vec![Buffer { pointer: ptr::null(), length: 0 }; count];
        // SAFETY: as above, and there is room for as many chunks as Envoy just counted.
        let known = unsafe {
            match direction {
                Direction::Read => abi::envoy_dynamic_module_callback_network_filter_get_read_buffer_chunks(
                    self.0,
                    chunks.as_mut_ptr(),
                ),
                Direction::Write => {
                    abi::envoy_dynamic_module_callback_network_filter_get_write_buffer_chunks(
                        self.0,
                        chunks.as_mut_ptr(),
                    )
                }
            }
        };
        if !known {
            return Vec::new();
        }
        // SAFETY: Envoy's chunks stay as they are until the buffer is changed, which needs `self` again.
        chunks.into_iter().map(|chunk| unsafe { bytes(chunk) }).collect()
    }

    /// Takes `length` bytes from the front of a direction's buffer.
    pub(crate) fn drain(self, direction: Direction, length: usize) {
        if length == 0 {
            return;
        }
        // SAFETY: the filter lives, by the contract of `new`.
        unsafe {
            match direction {
                Direction::Read => {
                    abi::envoy_dynamic_module_callback_network_filter_drain_read_buffer(self.0, length)
                }
                Direction::Write => {
                    abi::envoy_dynamic_module_callback_network_filter_drain_write_buffer(self.0, length)
                }
            }
        };
    }

    /// Adds data at the end of a direction's buffer.
    pub(crate) fn append(self, direction: Direction, data: &[u8]) {
        if data.is_empty() {
            return;
        }
        // SAFETY: the filter lives, by the contract of `new`, and the data outlives the call.
        unsafe {
            match direction {
                Direction::Read => {
                    abi::envoy_dynamic_module_callback_network_filter_append_read_buffer(self.0, buffer(data))
                }
                Direction::Write => abi::envoy_dynamic_module_callback_network_filter_append_write_buffer(
                    self.0,
                    buffer(data),
                ),
            }
        };
    }

    /// Gives data to the filters behind this one. Envoy may call hooks of this filter meanwhile.
    pub(crate) fn inject(self, direction: Direction, data: &[u8], end_of_stream: bool) {
        // SAFETY: the filter lives, by the contract of `new`, and the data outlives the call.
        unsafe {
            match direction {
                Direction::Read => abi::envoy_dynamic_module_callback_network_filter_inject_read_data(
                    self.0,
                    buffer(data),
                    end_of_stream,
                ),
                Direction::Write => abi::envoy_dynamic_module_callback_network_filter_inject_write_data(
                    self.0,
                    buffer(data),
                    end_of_stream,
                ),
            }
        }
    }

    /// Closes the connection, with a reason for access logs. Envoy may call hooks of this filter meanwhile.
    pub(crate) fn close(self, kind: CloseKind, details: &str) {
        let details = buffer(details.as_bytes());
        // SAFETY: the filter lives, by the contract of `new`, and the text outlives the call.
        unsafe {
            abi::envoy_dynamic_module_callback_network_filter_close_with_details(
                self.0,
                kind as c_int,
                details,
            );
        }
    }

    /// Stops, or goes on with, reading from the client. Envoy counts: each stop needs its own end.
    pub(crate) fn disable_reading(self, disabled: bool) {
        // SAFETY: the filter lives, by the contract of `new`.
        unsafe { abi::envoy_dynamic_module_callback_network_filter_read_disable(self.0, disabled) };
    }

    /// Keeps Envoy from closing the connection while data of it is on its way elsewhere. Envoy heeds it only with
    /// `envoy.reloadable_features.connection_close_through_filter_manager`, which is off by default.
    pub(crate) fn disable_close(self, disabled: bool) {
        // SAFETY: the filter lives, by the contract of `new`.
        unsafe { abi::envoy_dynamic_module_callback_network_filter_disable_close(self.0, disabled) };
    }

    /// Lets a client's end of stream come as such, instead of closing the connection.
    pub(crate) fn enable_half_close(self) {
        // SAFETY: the filter lives, by the contract of `new`.
        unsafe { abi::envoy_dynamic_module_callback_network_filter_enable_half_close(self.0, true) };
    }

    /// Adds to a counter of the configuration.
    pub(crate) fn count(self, counter: usize, value: u64) {
        // SAFETY: the filter lives, by the contract of `new`; a number that is no counter is refused by Envoy.
        unsafe {
            abi::envoy_dynamic_module_callback_network_filter_increment_counter(self.0, counter, value)
        };
    }

    /// Envoy's number of the connection.
    pub(crate) fn connection_id(self) -> u64 {
        // SAFETY: the filter lives, by the contract of `new`.
        unsafe { abi::envoy_dynamic_module_callback_network_filter_get_connection_id(self.0) }
    }

    /// Index of the worker that owns the connection.
    pub(crate) fn worker_index(self) -> u32 {
        // SAFETY: the filter lives, by the contract of `new`.
        unsafe { abi::envoy_dynamic_module_callback_network_filter_get_worker_index(self.0) }
    }

    /// `IP:PORT` of the client, unless it has none.
    pub(crate) fn source_address(self) -> Option<String> {
        self.address(abi::envoy_dynamic_module_callback_network_filter_get_remote_address)
    }

    /// `IP:PORT` that the client connected to, unless there is none.
    pub(crate) fn destination_address(self) -> Option<String> {
        self.address(abi::envoy_dynamic_module_callback_network_filter_get_local_address)
    }

    fn address(self, ask: abi::AskAddress) -> Option<String> {
        let mut address = Buffer { pointer: ptr::null(), length: 0 };
        let mut port = 0;
        // SAFETY: the filter lives, by the contract of `new`; both results outlive the call.
        let known = unsafe { ask(self.0, &mut address, &mut port) };
        // SAFETY: Envoy's text stays as it is while the connection lives; it is copied at once.
        known.then(|| endpoint(unsafe { bytes(address) }, port))
    }

    /// Name of the server that the client asked for when it began TLS.
    pub(crate) fn server_name(self) -> Option<Vec<u8>> {
        let mut name = Buffer { pointer: ptr::null(), length: 0 };
        // SAFETY: the filter lives, by the contract of `new`; the result outlives the call.
        let known = unsafe {
            abi::envoy_dynamic_module_callback_network_filter_get_requested_server_name(self.0, &mut name)
        };
        // SAFETY: Envoy's text stays as it is while the connection lives; it is copied at once.
        known.then(|| unsafe { bytes(name) }.to_vec())
    }

    /// What brings the worker back to the connection.
    pub(crate) fn gate(self) -> Arc<Gate> {
        // SAFETY: the filter lives, by the contract of `new`.
        let scheduler =
            Scheduler(unsafe { abi::envoy_dynamic_module_callback_network_filter_scheduler_new(self.0) });
        Arc::new(Gate(Mutex::new(Some(scheduler))))
    }
}

/// Makes Envoy call a filter's hook `scheduled` on the worker that owns it.
#[derive(Debug)]
struct Scheduler(SchedulerPointer);

// SAFETY: Envoy's interface lets any thread use and delete a scheduler.
unsafe impl Send for Scheduler {}

impl Scheduler {
    fn commit(&self) {
        // SAFETY: the scheduler lives until `drop`.
        unsafe { abi::envoy_dynamic_module_callback_network_filter_scheduler_commit(self.0, 0) };
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        // SAFETY: nobody uses it any more.
        unsafe { abi::envoy_dynamic_module_callback_network_filter_scheduler_delete(self.0) };
    }
}

/// By which other threads bring a connection's worker back to it, until the connection is closed.
///
/// While Envoy takes a wish it holds the filter, and lets go of it on the calling thread: were that the last hold, the filter
/// would be destroyed there. So wishes come one at a time, and none once the worker has heard of the connection's end, which
/// is before Envoy lets go of the filter.
#[derive(Debug)]
pub(crate) struct Gate(Mutex<Option<Scheduler>>);

impl Gate {
    fn lock(&self) -> MutexGuard<'_, Option<Scheduler>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the hook called, some time soon, unless the connection is closed.
    pub(crate) fn wake(&self) {
        if let Some(scheduler) = &*self.lock() {
            scheduler.commit();
        }
    }

    /// The connection is closed.
    pub(crate) fn shut(&self) {
        let scheduler = self.lock().take();
        drop(scheduler);
    }
}

/// IPv6 addresses stand in brackets, as in Envoy's attributes.
fn endpoint(address: &[u8], port: u32) -> String {
    let address = String::from_utf8_lossy(address);
    if address.contains(':') { format!("[{address}]:{port}") } else { format!("{address}:{port}") }
}

/// Bytes as Envoy takes them.
fn buffer(bytes: &[u8]) -> Buffer {
    Buffer { pointer: bytes.as_ptr().cast(), length: bytes.len() }
}

/// Bytes that Envoy gave.
///
/// # Safety
/// They stay as they are for as long as the slice is used.
pub(crate) unsafe fn bytes<'a>(buffer: Buffer) -> &'a [u8] {
    if buffer.pointer.is_null() {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { slice::from_raw_parts(buffer.pointer.cast(), buffer.length) }
}
