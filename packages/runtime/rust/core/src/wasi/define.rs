//! The functions as imports of a module: name, signature, and what runs.

use core::mem::MaybeUninit;
use core::slice;

use wasmtime::{Caller, Error, Extern, FuncType, Linker, Result, ValRaw, ValType};

use super::failure::Failure;
use super::memory::Memory;
use super::{
    WasiHost, arguments, changes, clock, descriptors, directory, files, open, poll, process, random, sockets,
    stat, streams,
};

/// The module that programs import the functions from.
pub const MODULE: &str = "wasi_snapshot_preview1";

/// Makes [`FUNCTIONS`] and [`define`] from one table. A row starts with what the function needs:
/// `state` the run's state alone, `host` the whole host, `ends` the same without ever returning.
macro_rules! functions {
    ($($needs:ident $room:ident::$name:ident($($parameter:ident: $type:ty),*);)*) => {
        /// Names of all functions that [`define`] defines.
        pub const FUNCTIONS: &[&str] = &[$(stringify!($name)),*];

        /// Defines all functions of preview 1 in `linker`, under the module name [`MODULE`].
        ///
        /// Fails only where the linker has one of the names already.
        pub fn define<T: WasiHost>(linker: &mut Linker<T>) -> Result<()> {
            $(
                add(
                    linker,
                    stringify!($name),
                    &[$(<$type>::ty()),*],
                    functions!(@results $needs),
                    |mut caller, values| {
                        let parameters = &mut values.iter();
                        $(let $parameter = next::<$type>(parameters)?;)*
                        // Some have none.
                        let _ = parameters;
                        let outcome = functions!(@$needs caller, $room::$name, $($parameter),*);
                        functions!(@put $needs values, outcome)
                    },
                )?;
            )*
            Ok(())
        }
    };
    (@state $caller:ident, $function:path, $($argument:ident),*) => {
        call(&mut $caller, |host, memory| Ok($function(host.wasi(), memory, $($argument),*)?))
    };
    (@host $caller:ident, $function:path, $($argument:ident),*) => {
        call(&mut $caller, |host, memory| $function(host, memory, $($argument),*))
    };
    (@ends $caller:ident, $function:path, $($argument:ident),*) => {
        call(&mut $caller, |host, memory| $function(host, memory, $($argument),*))
    };
    (@results ends) => { &[] };
    (@results $needs:ident) => { &[ValType::I32] };
    (@put ends $values:ident, $outcome:ident) => { errno($outcome).map(|_| ()) };
    (@put $needs:ident $values:ident, $outcome:ident) => { put($values, errno($outcome)?) };
}

/// A function on raw values: its parameters, and behind the call its result in place of the first.
///
/// All functions have this one type, because what wasmtime has around a typed one exists once for each: a tenth of an image.
type Raw<T> = fn(Caller<'_, T>, &mut [MaybeUninit<ValRaw>]) -> Result<()>;

fn add<T: WasiHost>(
    linker: &mut Linker<T>,
    name: &str,
    parameters: &[ValType],
    results: &[ValType],
    function: Raw<T>,
) -> Result<()> {
    let ty = FuncType::new(linker.engine(), parameters.iter().cloned(), results.iter().cloned());
    // SAFETY: the table has the same types for `ty` and for what the function reads and writes.
    unsafe { linker.func_new_unchecked(MODULE, name, ty, function) }?;
    Ok(())
}

/// A type of parameters.
trait Parameter {
    fn ty() -> ValType;
    fn of(value: ValRaw) -> Self;
}

impl Parameter for u32 {
    fn ty() -> ValType {
        ValType::I32
    }

    fn of(value: ValRaw) -> Self {
        value.get_u32()
    }
}

impl Parameter for u64 {
    fn ty() -> ValType {
        ValType::I64
    }

    fn of(value: ValRaw) -> Self {
        value.get_u64()
    }
}

impl Parameter for i64 {
    fn ty() -> ValType {
        ValType::I64
    }

    fn of(value: ValRaw) -> Self {
        value.get_i64()
    }
}

/// The next parameter.
fn next<V: Parameter>(parameters: &mut slice::Iter<'_, MaybeUninit<ValRaw>>) -> Result<V> {
    let value = parameters.next().ok_or_else(|| Error::msg("a parameter is missing"))?;
    // SAFETY: wasmtime hands over an initialised value for each parameter.
    Ok(V::of(unsafe { value.assume_init_read() }))
}

/// Sets the result.
fn put(values: &mut [MaybeUninit<ValRaw>], result: u32) -> Result<()> {
    let place = values.first_mut().ok_or_else(|| Error::msg("there is no room for a result"))?;
    place.write(ValRaw::u32(result));
    Ok(())
}

functions! {
    state arguments::args_get(argv: u32, argv_buf: u32);
    state arguments::args_sizes_get(argc: u32, argv_buf_size: u32);
    state arguments::environ_get(environ: u32, environ_buf: u32);
    state arguments::environ_sizes_get(count: u32, buf_size: u32);
    state clock::clock_res_get(id: u32, resolution: u32);
    host clock::clock_time_get(id: u32, precision: u64, time: u32);
    state files::fd_advise(fd: u32, offset: u64, len: u64, advice: u32);
    state files::fd_allocate(fd: u32, offset: u64, len: u64);
    state descriptors::fd_close(fd: u32);
    state files::fd_datasync(fd: u32);
    state stat::fd_fdstat_get(fd: u32, stat: u32);
    state stat::fd_fdstat_set_flags(fd: u32, flags: u32);
    state stat::fd_fdstat_set_rights(fd: u32, rights_base: u64, rights_inheriting: u64);
    state stat::fd_filestat_get(fd: u32, stat: u32);
    state files::fd_filestat_set_size(fd: u32, size: u64);
    state files::fd_filestat_set_times(fd: u32, atim: u64, mtim: u64, fst_flags: u32);
    state streams::fd_pread(fd: u32, iovs: u32, iovs_len: u32, offset: u64, nread: u32);
    state stat::fd_prestat_dir_name(fd: u32, path: u32, path_len: u32);
    state stat::fd_prestat_get(fd: u32, prestat: u32);
    state streams::fd_pwrite(fd: u32, iovs: u32, iovs_len: u32, offset: u64, nwritten: u32);
    state streams::fd_read(fd: u32, iovs: u32, iovs_len: u32, nread: u32);
    state directory::fd_readdir(fd: u32, buf: u32, buf_len: u32, cookie: u64, bufused: u32);
    state descriptors::fd_renumber(fd: u32, to: u32);
    state files::fd_seek(fd: u32, offset: i64, whence: u32, new_offset: u32);
    state files::fd_sync(fd: u32);
    state files::fd_tell(fd: u32, offset: u32);
    host streams::fd_write(fd: u32, iovs: u32, iovs_len: u32, nwritten: u32);
    state changes::path_create_directory(fd: u32, path: u32, path_len: u32);
    state stat::path_filestat_get(fd: u32, flags: u32, path: u32, path_len: u32, stat: u32);
    state changes::path_filestat_set_times(
        fd: u32, flags: u32, path: u32, path_len: u32, atim: u64, mtim: u64, fst_flags: u32
    );
    state changes::path_link(
        old_fd: u32, old_flags: u32, old_path: u32, old_path_len: u32,
        new_fd: u32, new_path: u32, new_path_len: u32
    );
    state open::path_open(
        fd: u32, dirflags: u32, path: u32, path_len: u32, oflags: u32,
        rights_base: u64, rights_inheriting: u64, fdflags: u32, opened: u32
    );
    state changes::path_readlink(
        fd: u32, path: u32, path_len: u32, buf: u32, buf_len: u32, bufused: u32
    );
    state changes::path_remove_directory(fd: u32, path: u32, path_len: u32);
    state changes::path_rename(
        fd: u32, old_path: u32, old_path_len: u32, new_fd: u32, new_path: u32, new_path_len: u32
    );
    state changes::path_symlink(
        old_path: u32, old_path_len: u32, fd: u32, new_path: u32, new_path_len: u32
    );
    state changes::path_unlink_file(fd: u32, path: u32, path_len: u32);
    host poll::poll_oneoff(input: u32, output: u32, nsubscriptions: u32, nevents: u32);
    ends process::proc_exit(rval: u32);
    state process::proc_raise(sig: u32);
    state process::sched_yield();
    host random::random_get(buf: u32, buf_len: u32);
    state sockets::sock_accept(fd: u32, flags: u32, opened: u32);
    state sockets::sock_recv(
        fd: u32, ri_data: u32, ri_data_len: u32, ri_flags: u32, ro_datalen: u32, ro_flags: u32
    );
    state sockets::sock_send(
        fd: u32, si_data: u32, si_data_len: u32, si_flags: u32, so_datalen: u32
    );
    state sockets::sock_shutdown(fd: u32, how: u32);
}

/// Runs a function on the store's data and the program's memory.
fn call<T: WasiHost>(
    caller: &mut Caller<'_, T>,
    function: impl FnOnce(&mut T, &mut Memory<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => {
            let (bytes, host) = memory.data_and_store_mut(caller);
            function(host, &mut Memory::new(bytes))
        }
        _ => function(caller.data_mut(), &mut Memory::new(&mut [])),
    }
}

/// What the program gets: an error number, or its end.
fn errno(outcome: Result<(), Failure>) -> Result<u32> {
    match outcome {
        Ok(()) => Ok(0),
        Err(Failure::Errno(errno)) => Ok(errno as u32),
        Err(Failure::Stop(error)) => Err(error),
    }
}
