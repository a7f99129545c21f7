//! Unwinding, which does not happen.
//!
//! The standard library's `core` and `alloc` come compiled with clean-up code for panics. Panics end an image, so that
//! code never runs, but the linker wants the symbols that it names.

/// Named by unwind tables, which images do not have.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

/// Named by clean-up code that never runs.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume() -> ! {
    panic!("an image does not unwind")
}
