//! What a worker gives up before anything else.

use std::ffi::CStr;
use std::io;
use std::ptr;

use crate::keeper::{FIRST, INHERITED};

/// Descriptors from here on are not the worker's.
const FOREIGN: u32 = FIRST as u32 + INHERITED as u32;

/// Version of the capability calls with sets of 64 bits.
const CAPABILITY_VERSION: u32 = 0x2008_0522;

/// What `ps` and `top` show of the process.
const NAME: &CStr = c"twinwall-worker";

/// Gives up foreign descriptors, capabilities, core dumps, being looked into, ever gaining rights, and outliving the parent.
pub(super) fn give_up() -> io::Result<()> {
    close_foreign()?;
    // SAFETY: the name is a string that ends in a zero, and is copied.
    checked(unsafe { libc::prctl(libc::PR_SET_NAME, NAME.as_ptr(), 0, 0, 0) }.into())?;
    drop_capabilities()?;
    limit(libc::RLIMIT_CORE, 0)?;
    for (option, value) in [
        (libc::PR_SET_NO_NEW_PRIVS, 1),
        (libc::PR_SET_DUMPABLE, 0),
        (libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong),
    ] {
        // SAFETY: these options take a number, and the others are zeros.
        checked(unsafe { libc::prctl(option, value, 0, 0, 0) }.into())?;
    }
    Ok(())
}

fn close_foreign() -> io::Result<()> {
    // SAFETY: nothing in this process uses descriptors that it did not open or get by their numbers.
    if unsafe { libc::syscall(libc::SYS_close_range, FOREIGN, u32::MAX, 0) } == 0 {
        return Ok(());
    }
    // Kernels before 5.9, and containers that do not know the call.
    // SAFETY: all zeros is a valid limit, and the kernel fills it in.
    let most = unsafe {
        let mut limit: libc::rlimit = std::mem::zeroed();
        checked(libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit).into())?;
        limit.rlim_cur
    };
    for descriptor in FOREIGN as i32..i32::try_from(most).unwrap_or(i32::MAX) {
        // SAFETY: as above.
        unsafe { libc::close(descriptor) };
    }
    Ok(())
}

fn drop_capabilities() -> io::Result<()> {
    let header = [CAPABILITY_VERSION, 0];
    let none = [0_u32; 6];
    // SAFETY: the header names this thread, the only one, and the kernel reads two sets of three words behind it.
    checked(unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), none.as_ptr()) })
}

/// Sets a limit of the process for good.
pub(super) fn limit(resource: libc::__rlimit_resource_t, most: u64) -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: most, rlim_max: most };
    // SAFETY: the limit lives until the call returns, and the old one is not asked for.
    checked(unsafe { libc::prlimit(0, resource, &limit, ptr::null_mut()) }.into())
}

fn checked(result: libc::c_long) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
