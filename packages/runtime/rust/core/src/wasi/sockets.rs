//! `sock_*`: a program is given no socket and cannot make one.

#![expect(clippy::too_many_arguments, reason = "the signatures are WASI's")]

use super::errno::Errno;
use super::memory::Memory;
use super::state::WasiState;

/// The error of using `fd` as a socket.
fn not_a_socket(state: &WasiState, fd: u32) -> Result<(), Errno> {
    state.descriptors.get(fd)?;
    Err(Errno::NotSocket)
}

pub(super) fn sock_accept(
    state: &mut WasiState,
    _: &mut Memory<'_>,
    fd: u32,
    _flags: u32,
    _opened: u32,
) -> Result<(), Errno> {
    not_a_socket(state, fd)
}

pub(super) fn sock_recv(
    state: &mut WasiState,
    _: &mut Memory<'_>,
    fd: u32,
    _ri_data: u32,
    _ri_data_len: u32,
    _ri_flags: u32,
    _ro_datalen: u32,
    _ro_flags: u32,
) -> Result<(), Errno> {
    not_a_socket(state, fd)
}

pub(super) fn sock_send(
    state: &mut WasiState,
    _: &mut Memory<'_>,
    fd: u32,
    _si_data: u32,
    _si_data_len: u32,
    _si_flags: u32,
    _so_datalen: u32,
) -> Result<(), Errno> {
    not_a_socket(state, fd)
}

pub(super) fn sock_shutdown(
    state: &mut WasiState,
    _: &mut Memory<'_>,
    fd: u32,
    _how: u32,
) -> Result<(), Errno> {
    not_a_socket(state, fd)
}
