//! What is used of Envoy's interface for dynamic modules, version 0.2 (`source/extensions/dynamic_modules/abi/abi.h` of
//! Envoy 1.40). Declared by hand: a handful of functions of about a thousand.

use std::ffi::{c_char, c_int, c_void};

/// The version that this module was written for; Envoy warns when its own is another.
pub const VERSION: &std::ffi::CStr = c"v0.2.0";

/// Bytes of the other side, or of ours; valid for the call in which they appear.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Buffer {
    pub pointer: *const c_char,
    pub length: usize,
}

/// Envoy's filter configuration.
pub type ConfigPointer = *mut c_void;
/// Envoy's filter: one for each connection.
pub type FilterPointer = *mut c_void;
/// Envoy's scheduler of a filter.
pub type SchedulerPointer = *mut c_void;

/// What a hook tells the filter chain.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Go on with the next filter.
    Continue = 0,
    /// Stop here.
    Stop = 1,
}

/// How a connection is closed.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseKind {
    /// What was written is sent first.
    FlushWrite = 0,
    /// At once, with a reset: nobody takes what came before for the whole.
    AbortReset = 4,
}

/// Severity of a log line.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Trace = 0,
    Debug = 1,
    Info = 2,
    Warn = 3,
    Error = 4,
}

/// How Envoy is asked for one of a connection's addresses.
pub type AskAddress = unsafe extern "C" fn(FilterPointer, *mut Buffer, *mut u32) -> bool;

unsafe extern "C" {
    pub fn envoy_dynamic_module_callback_log(level: c_int, message: Buffer);
    pub fn envoy_dynamic_module_callback_log_enabled(level: c_int) -> bool;
    pub fn envoy_dynamic_module_callback_get_concurrency() -> u32;
    pub fn envoy_dynamic_module_callback_is_validation_mode() -> bool;

    pub fn envoy_dynamic_module_callback_network_filter_config_define_counter(
        config: ConfigPointer,
        name: Buffer,
        id: *mut usize,
    ) -> c_int;
    pub fn envoy_dynamic_module_callback_network_filter_increment_counter(
        filter: FilterPointer,
        id: usize,
        value: u64,
    ) -> c_int;

    pub fn envoy_dynamic_module_callback_network_filter_get_read_buffer_chunks_size(
        filter: FilterPointer,
    ) -> usize;
    pub fn envoy_dynamic_module_callback_network_filter_get_read_buffer_chunks(
        filter: FilterPointer,
        chunks: *mut Buffer,
    ) -> bool;
    pub fn envoy_dynamic_module_callback_network_filter_drain_read_buffer(
        filter: FilterPointer,
        length: usize,
    ) -> bool;
    pub fn envoy_dynamic_module_callback_network_filter_append_read_buffer(
        filter: FilterPointer,
        data: Buffer,
    ) -> bool;
    pub fn envoy_dynamic_module_callback_network_filter_get_write_buffer_chunks_size(
        filter: FilterPointer,
    ) -> usize;
    pub fn envoy_dynamic_module_callback_network_filter_get_write_buffer_chunks(
        filter: FilterPointer,
        chunks: *mut Buffer,
    ) -> bool;
    pub fn envoy_dynamic_module_callback_network_filter_drain_write_buffer(
        filter: FilterPointer,
        length: usize,
    ) -> bool;
    pub fn envoy_dynamic_module_callback_network_filter_append_write_buffer(
        filter: FilterPointer,
        data: Buffer,
    ) -> bool;
    pub fn envoy_dynamic_module_callback_network_filter_inject_read_data(
        filter: FilterPointer,
        data: Buffer,
        end_of_stream: bool,
    );
    pub fn envoy_dynamic_module_callback_network_filter_inject_write_data(
        filter: FilterPointer,
        data: Buffer,
        end_of_stream: bool,
    );
    pub fn envoy_dynamic_module_callback_network_filter_close_with_details(
        filter: FilterPointer,
        kind: c_int,
        details: Buffer,
    );
    pub fn envoy_dynamic_module_callback_network_filter_read_disable(
        filter: FilterPointer,
        disabled: bool,
    ) -> c_int;
    pub fn envoy_dynamic_module_callback_network_filter_disable_close(filter: FilterPointer, disabled: bool);
    pub fn envoy_dynamic_module_callback_network_filter_enable_half_close(
        filter: FilterPointer,
        enabled: bool,
    );

    pub fn envoy_dynamic_module_callback_network_filter_get_connection_id(filter: FilterPointer) -> u64;
    pub fn envoy_dynamic_module_callback_network_filter_get_worker_index(filter: FilterPointer) -> u32;
    pub fn envoy_dynamic_module_callback_network_filter_get_remote_address(
        filter: FilterPointer,
        address: *mut Buffer,
        port: *mut u32,
    ) -> bool;
    pub fn envoy_dynamic_module_callback_network_filter_get_local_address(
        filter: FilterPointer,
        address: *mut Buffer,
        port: *mut u32,
    ) -> bool;
    pub fn envoy_dynamic_module_callback_network_filter_get_requested_server_name(
        filter: FilterPointer,
        name: *mut Buffer,
    ) -> bool;

    pub fn envoy_dynamic_module_callback_network_filter_scheduler_new(
        filter: FilterPointer,
    ) -> SchedulerPointer;
    pub fn envoy_dynamic_module_callback_network_filter_scheduler_commit(
        scheduler: SchedulerPointer,
        event: u64,
    );
    pub fn envoy_dynamic_module_callback_network_filter_scheduler_delete(scheduler: SchedulerPointer);
}
