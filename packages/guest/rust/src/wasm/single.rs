//! State of a program with one thread.

use core::cell::UnsafeCell;

/// A static value that is changed.
pub(super) struct Single<T>(UnsafeCell<T>);

// SAFETY: the module has one thread (`mod.rs` refuses targets with several), so there is nobody to share with.
unsafe impl<T> Sync for Single<T> {}

impl<T> Single<T> {
    pub(super) const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// Puts `value` in place of what was there.
    pub(super) fn replace(&self, value: T) -> T {
        // SAFETY: one thread, and no reference into the cell outlives a method of this type.
        core::mem::replace(unsafe { &mut *self.0.get() }, value)
    }

    /// What `look` sees in it. No `look` of this crate changes the cell that it looks into.
    pub(super) fn look<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        // SAFETY: one thread, and `look` does not change the cell.
        look(unsafe { &*self.0.get() })
    }
}
