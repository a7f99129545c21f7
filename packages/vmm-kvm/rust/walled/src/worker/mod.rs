//! What runs in a worker process: a machine, and nothing else.
//!
//! The process has one thread. It gives up its rights in two steps: before it reads anything that others have made, all that
//! making machines does not take; before a guest runs, all that entering one does not take.

mod filter;
mod link;
mod rights;
mod serve;
mod start;

/// Runs a worker, up to the end of the process. Only for the program that does nothing else: its standard streams go nowhere,
/// its socket is descriptor 3, its files are 4 to 7, and all other descriptors are closed.
pub fn run() -> ! {
    // What a panic says nobody would read, and writing it is not allowed.
    std::panic::set_hook(Box::new(|_| {}));
    let outcome = std::panic::catch_unwind(start::run);
    let status = match outcome {
        Ok(Ok(())) => 0,
        Ok(Err(_)) => 1,
        Err(_) => 101,
    };
    // SAFETY: it ends the process. Nothing is left to be flushed, and what `exit` does beyond it takes other system calls.
    unsafe { libc::_exit(status) }
}

#[cfg(test)]
mod tests;
