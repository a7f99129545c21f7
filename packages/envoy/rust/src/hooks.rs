//! The functions that Envoy calls. No panic leaves them: a connection in which one happens is reset.

use std::ffi::{c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::Arc;

use twinwall_host::{CallError, ErrorCode};

use crate::connection::Connection;
use crate::envoy::abi::{self, Buffer, CloseKind, ConfigPointer, FilterPointer, Level, Status};
use crate::envoy::{self, Config, Direction, Filter};
use crate::service::Service;

/// Envoy's events that end a connection: closed by the peer, closed by Envoy.
const CLOSED: [c_int; 2] = [0, 1];

/// Says which version of Envoy's interface this module was written for.
#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_program_init() -> *const c_char {
    abi::VERSION.as_ptr()
}

/// Reads a configuration; null refuses it, and the log says why.
///
/// # Safety
/// Envoy calls it on its main thread, with buffers that are valid meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_network_filter_config_new(
    config: ConfigPointer,
    _name: Buffer,
    options: Buffer,
) -> *const c_void {
    let made = catch_unwind(|| {
        // SAFETY: the caller's promise.
        let (config, options) = unsafe { (Config::new(config), envoy::bytes(options)) };
        Service::new(config, options)
    });
    match made {
        Ok(Ok(service)) => Arc::into_raw(Arc::new(service)).cast(),
        Ok(Err(error)) => {
            envoy::log(Level::Error, &format!("twinwall: the configuration is refused: {error}"));
            ptr::null()
        }
        Err(_) => ptr::null(),
    }
}

/// Lets go of a configuration; connections that still use it keep it.
///
/// # Safety
/// `service` is what `config_new` returned, and comes here once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_network_filter_config_destroy(service: *const c_void) {
    // SAFETY: the caller's promise.
    let service = unsafe { Arc::from_raw(service.cast::<Service>()) };
    // A panic in here has nobody to hear of it.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(service)));
}

/// A connection begins.
///
/// # Safety
/// `service` is what `config_new` returned and lives; `filter` is Envoy's filter, on its worker.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_network_filter_new(
    service: *const c_void,
    filter: FilterPointer,
) -> *const c_void {
    let made = catch_unwind(|| {
        // SAFETY: the caller's promise: one count more for the connection.
        let service = unsafe {
            Arc::increment_strong_count(service.cast::<Service>());
            Arc::from_raw(service.cast::<Service>())
        };
        // SAFETY: the caller's promise.
        let filter = unsafe { Filter::new(filter) };
        Box::into_raw(Box::new(Connection::new(filter, service))).cast_const().cast()
    });
    // Envoy closes a connection for which there is nothing.
    made.unwrap_or(ptr::null())
}

/// The connection is there. Nothing is to be done before its first data.
#[unsafe(no_mangle)]
pub extern "C" fn envoy_dynamic_module_on_network_filter_new_connection(
    _filter: FilterPointer,
    _connection: *const c_void,
) -> Status {
    Status::Continue
}

/// Data has come from the client.
///
/// # Safety
/// `connection` is what `new` returned and lives.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_network_filter_read(
    filter: FilterPointer,
    connection: *const c_void,
    length: usize,
    end_of_stream: bool,
) -> Status {
    // SAFETY: the caller's promise.
    unsafe { on_data(filter, connection, Direction::Read, length, end_of_stream) }
}

/// Data is on its way to the client.
///
/// # Safety
/// `connection` is what `new` returned and lives.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_network_filter_write(
    filter: FilterPointer,
    connection: *const c_void,
    length: usize,
    end_of_stream: bool,
) -> Status {
    // SAFETY: the caller's promise.
    unsafe { on_data(filter, connection, Direction::Write, length, end_of_stream) }
}

/// # Safety
/// As the hooks'.
unsafe fn on_data(
    filter: FilterPointer,
    connection: *const c_void,
    direction: Direction,
    length: usize,
    end_of_stream: bool,
) -> Status {
    // SAFETY: the caller's promise; hooks of one connection share it, and none changes it but through cells.
    let connection = unsafe { &*connection.cast::<Connection>() };
    // SAFETY: the caller's promise.
    let filter = unsafe { Filter::new(filter) };
    guarded(filter, connection, || connection.on_data(direction, length, end_of_stream)).unwrap_or_else(
        || {
            filter.drain(direction, length);
            Status::Stop
        },
    )
}

/// Something has happened to the connection.
///
/// # Safety
/// `connection` is what `new` returned and lives.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_network_filter_event(
    filter: FilterPointer,
    connection: *const c_void,
    event: c_int,
) {
    if !CLOSED.contains(&event) {
        return;
    }
    // SAFETY: as for `on_data`.
    let connection = unsafe { &*connection.cast::<Connection>() };
    // SAFETY: the caller's promise.
    let filter = unsafe { Filter::new(filter) };
    // Where it panicked, the connection is closed already.
    let _ = guarded(filter, connection, || connection.on_closed());
}

/// More waits to be sent to the client than Envoy's limit for it.
///
/// # Safety
/// `connection` is what `new` returned and lives.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_network_filter_above_write_buffer_high_watermark(
    filter: FilterPointer,
    connection: *const c_void,
) {
    // SAFETY: the caller's promise.
    unsafe { on_watermark(filter, connection, true) };
}

/// The client has taken most of what waited for it.
///
/// # Safety
/// `connection` is what `new` returned and lives.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_network_filter_below_write_buffer_low_watermark(
    filter: FilterPointer,
    connection: *const c_void,
) {
    // SAFETY: the caller's promise.
    unsafe { on_watermark(filter, connection, false) };
}

/// # Safety
/// As the hooks'.
unsafe fn on_watermark(filter: FilterPointer, connection: *const c_void, above: bool) {
    // SAFETY: as for `on_data`.
    let connection = unsafe { &*connection.cast::<Connection>() };
    // SAFETY: the caller's promise.
    let filter = unsafe { Filter::new(filter) };
    // A connection in which it panicked is reset.
    let _ = guarded(filter, connection, || connection.on_watermark(above));
}

/// A thread of the module wants the worker.
///
/// # Safety
/// `connection` is what `new` returned and lives.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_network_filter_scheduled(
    filter: FilterPointer,
    connection: *const c_void,
    _event: u64,
) {
    // SAFETY: as for `on_data`.
    let connection = unsafe { &*connection.cast::<Connection>() };
    // SAFETY: the caller's promise.
    let filter = unsafe { Filter::new(filter) };
    // A connection in which it panicked is reset; there is nothing to return.
    let _ = guarded(filter, connection, || connection.on_scheduled());
}

/// The connection is over.
///
/// # Safety
/// `connection` is what `new` returned, and comes here once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn envoy_dynamic_module_on_network_filter_destroy(connection: *const c_void) {
    // SAFETY: the caller's promise.
    let connection = unsafe { Box::from_raw(connection.cast::<Connection>().cast_mut()) };
    // A panic in here has nobody to hear of it.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(connection)));
}

/// Runs part of a hook; where it panics, resets the connection.
fn guarded<Value>(filter: Filter, connection: &Connection, run: impl FnOnce() -> Value) -> Option<Value> {
    let ran = catch_unwind(AssertUnwindSafe(run));
    if ran.is_err() {
        let error = CallError::new(ErrorCode::Internal, "the filter panicked");
        let failed = catch_unwind(AssertUnwindSafe(|| connection.fail(&error)));
        if failed.is_err() {
            filter.close(CloseKind::AbortReset, "twinwall_panic");
        }
    }
    ran.ok()
}
