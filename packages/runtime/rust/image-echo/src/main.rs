//! The smallest image there is: a call's output is its input. It holds no WebAssembly, so it shows what a machine
//! costs by itself, and that an image is just an image. Its second function does the same for a chunk of a connection.
#![no_std]
#![no_main]

mod echo;

use echo::Reply;
use twinwall_abi::connection::ON_DATA_FUNCTION;
use twinwall_abi::{CallKind, ErrorCode, GateOperation, Report, Request};
use twinwall_image_support::freestanding::{KvmGate, ticks};
use twinwall_image_support::{Gate, image};

image! {
    main: run,
    stack: 8 << 10,
    heap: 4 << 10,
    input: 16 << 10,
    output: 16 << 10,
    outbox: 4 << 10,
}

/// Boots, which is nothing here, and serves calls for ever.
fn run() -> ! {
    let mailbox = KvmGate::mailbox();
    let mut report = Report::default();
    report.set_request_id(mailbox.request().request_id());
    let mut operation = GateOperation::Ready;
    loop {
        mailbox.exchange::<KvmGate>(operation, report);
        let entered_at = ticks();
        report = serve(&mailbox.request());
        report.set_entered_at(entered_at);
        report.set_left_at(ticks());
        operation = GateOperation::Done;
    }
}

fn serve(request: &Request) -> Report {
    let reply = match CallKind(request.kind()) {
        CallKind::Bytes | CallKind::Batch if request.function_index() == 0 => echo::copy(request),
        CallKind::Bytes if request.function_index() == ON_DATA_FUNCTION => echo::pass_on(request),
        CallKind::Bytes | CallKind::Batch => {
            Reply::failure(request, ErrorCode::NoFunction, "the echo image has two functions, 0 and 1")
        }
        _ => Reply::failure(request, ErrorCode::Unsupported, "the echo image has bytes functions only"),
    };
    reply.into_report(request)
}
