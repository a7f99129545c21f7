//! The state of one guest: the data of its store.

use core::marker::PhantomData;

use twinwall_abi::{ErrorCode, GateOperation, Report, Request, RequestFlag};

use crate::clock::Clock;
use crate::component::Handles;
use crate::failure::Failure;
use crate::limits::Limits;
use crate::out_area::OutArea;
use crate::pieces::Pieces;
use crate::platform::Platform;
use crate::random::Random;
use crate::wasi::WasiState;

/// What lies behind the imports of a module, and what lasts from call to call.
pub(crate) struct Guest<P> {
    pub(crate) limits: Limits,
    pub(crate) out: OutArea,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) wasi: WasiState,
    /// Known once the module is instantiated.
    pub(crate) pieces: Option<Pieces>,
    /// What the last call left to be freed: input and result, as pointer and length.
    pub(crate) unfreed: [(u32, u32); 2],
    /// Resources of a component that the host has handles to.
    pub(crate) handles: Handles,
    /// Allocations for answers of the host that are under way.
    pub(crate) nesting: u32,
    request_id: u64,
    platform: PhantomData<fn() -> P>,
}

impl<P: Platform> Guest<P> {
    /// A guest with so many bytes of memories and tables, and with these files.
    pub(crate) fn new(memory_limit: u64, wasi: WasiState) -> Self {
        Self {
            limits: Limits::new(memory_limit),
            out: OutArea::default(),
            clock: Clock::default(),
            random: Random::default(),
            wasi,
            pieces: None,
            unfreed: [(0, 0); 2],
            handles: Handles::default(),
            nesting: 0,
            request_id: 0,
            platform: PhantomData,
        }
    }

    /// Starts a call that was entered at `ticks`.
    #[inline]
    pub(crate) fn begin(&mut self, request: &Request, ticks: u64) {
        let continues = request.flags() & RequestFlag::Continues.0 != 0;
        self.out = OutArea::of(request);
        self.clock.begin(request, ticks, continues);
        self.random.begin();
        self.nesting = 0;
        self.request_id = request.request_id();
    }

    /// Calls a host function whose arguments lie in the out area; returns address and length of its result.
    pub(crate) fn host_call(
        &mut self,
        function: u32,
        address: u64,
        length: usize,
    ) -> Result<(u64, usize), Failure> {
        let mut report = Report::default();
        report.set_function_index(function);
        report.set_request_id(self.request_id);
        report.set_output_address(address);
        report.set_output_length(length as u64);
        let mailbox = P::mailbox();
        mailbox.exchange::<P>(GateOperation::HostCall, report);
        let answer = mailbox.answer();
        match u16::try_from(answer.status()) {
            Ok(0) => Ok((answer.address(), answer.length() as usize)),
            Ok(code) => Err(Failure::host(ErrorCode(code))),
            Err(_) => Err(Failure::internal("the host answered with an unknown status")),
        }
    }
}
