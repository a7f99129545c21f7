//! Instances: machines of a program.

use twinwall_abi::{CallKind, ErrorCode};
use twinwall_vmm_kvm::{AbortHandle, Call, CallError, Host, Limits, Machine, Output, Statistics};

use crate::program::BytesFunction;

/// A machine of a [`Program`](crate::Program). It may move between threads; a call runs on the calling one.
#[derive(Debug)]
pub struct Instance {
    machine: Machine,
    /// Number of its program.
    program: u64,
    /// A session is open: the guest keeps its state.
    open: bool,
}

impl Instance {
    pub(crate) fn new(mut machine: Machine, program: u64) -> Self {
        machine.keep_spent();
        Self { machine, program, open: false }
    }

    /// Runs a bytes function from a clean slate, and restores the machine. Ends a session that was open.
    ///
    /// The result is copied to `output`, which a vector makes room for; returns its length.
    ///
    /// # Errors
    /// [`CallError`] with the code that the public API shows; the machine is back at its start then. A result that is
    /// longer than a slice is [`ErrorCode::Limit`], and nothing is written. [`ErrorCode::NoFunction`] for a function of
    /// another program.
    pub fn call_bytes(
        &mut self,
        function: BytesFunction,
        input: &[u8],
        host: &mut dyn Host,
        output: &mut dyn Output,
    ) -> Result<usize, CallError> {
        self.finish();
        let call = self.bytes_call(function, input, true)?;
        self.machine.call(&call, host, output)
    }

    /// Runs a bytes function in a session: the guest keeps its state until [`Self::finish`]. Opens one where none is
    /// open.
    ///
    /// # Errors
    /// As [`Self::call_bytes`]. Whatever the error but [`ErrorCode::GuestError`], the session has ended.
    pub fn call_bytes_in_session(
        &mut self,
        function: BytesFunction,
        input: &[u8],
        host: &mut dyn Host,
        output: &mut dyn Output,
    ) -> Result<usize, CallError> {
        let call = self.bytes_call(function, input, false)?;
        let result = self.machine.call(&call, host, output);
        self.note(&result);
        result
    }

    /// As [`Self::call_bytes`], or in a session as [`Self::call_bytes_in_session`] when `keep` is set, and other threads
    /// may end the call by `abort`.
    ///
    /// # Errors
    /// As those, and the reason of the abort.
    pub fn call_bytes_abortable(
        &mut self,
        function: BytesFunction,
        input: &[u8],
        keep: bool,
        host: &mut dyn Host,
        output: &mut dyn Output,
        abort: &AbortHandle,
    ) -> Result<usize, CallError> {
        if !keep {
            self.finish();
        }
        let call = self.bytes_call(function, input, !keep)?;
        let result = self.machine.call_abortable(&call, host, output, abort);
        if keep {
            self.note(&result);
        }
        result
    }

    /// Ends the session, if one is open: the guest's state is that of the program's start again.
    pub fn finish(&mut self) {
        if self.open {
            self.machine.restore();
            self.open = false;
        }
    }

    /// Whether a session is open.
    #[must_use]
    pub fn in_session(&self) -> bool {
        self.open
    }

    /// Changes the limits of later calls; that on memory stays what it was at the boot.
    pub fn configure(&mut self, limits: Limits) {
        self.machine.configure(limits);
    }

    /// Counts of the last call and of the machine's life.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.machine.statistics()
    }

    /// Whether the next call has to make a virtual machine first, because the last one was thrown away: that takes longer
    /// than a call. Drop such an instance where time does not matter, and take another.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.machine.is_spent()
    }

    /// Makes that virtual machine now. Does nothing where the instance is not spent.
    ///
    /// # Errors
    /// [`CallError`] when the host has no memory or no virtual machine left.
    pub fn renew(&mut self) -> Result<(), CallError> {
        self.machine.renew()
    }

    fn bytes_call<'a>(
        &self,
        function: BytesFunction,
        input: &'a [u8],
        restore: bool,
    ) -> Result<Call<'a>, CallError> {
        if function.program != self.program {
            return Err(CallError::new(ErrorCode::NoFunction, "the function is one of another program"));
        }
        let (kind, index) = (CallKind::Bytes, function.index);
        Ok(Call { kind, function: index, input, continues: self.open, restore, exact: true })
    }

    fn note(&mut self, result: &Result<usize, CallError>) {
        self.open = match result {
            Ok(_) => true,
            Err(error) => error.code == ErrorCode::GuestError,
        };
    }
}
