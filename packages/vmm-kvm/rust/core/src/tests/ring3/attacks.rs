//! One attack at a time: those that must cost the machine, and those that may also come to nothing.

use twinwall_abi::ErrorCode;

use super::{Attacker, outcome};
use crate::machine::Limits;
use crate::self_test::patient;

const SECRET: [u8; 32] = [0x5e; 32];
/// Long enough for one call on an emulated processor, short enough for attacks that loop.
const DEADLINE: u64 = 300_000_000;

/// Accesses that are pending when the machine comes out, or that leave in the middle of an instruction.
const PENDING: &[&str] = &[
    "insb from the gate",
    "insb from another port",
    "rep insb",
    "rep insd",
    "insb across a page",
    "in al",
    "in eax, dx",
    "outsw",
    "rep outsd",
    "outsb from unmapped memory",
    "movsq to an unmapped page",
    "movsq from an unmapped page",
    "rep movsb to an unmapped page",
    "rep stosq to an unmapped page",
    "SSE load across a page",
    "SSE store across a page",
    "AVX load across a page",
    "fxsave across a page",
    "cmpxchg16b of unmapped memory",
    "locked add to unmapped memory",
];

const MEMORY: &[&str] = &[
    "push at address zero",
    "push at a non-canonical address",
    "undefined instruction without a stack",
    "read of a non-canonical address",
    "jump to a non-canonical address",
    "jump to kernel addresses",
    "read of kernel addresses",
    "write to the image",
    "execution of the mailbox",
    "execution of the input",
    "read of the page tables",
    "write to the exception stack",
    "write to the task state",
];

const PRIVILEGED: &[&str] = &[
    "cr0",
    "write cr0",
    "write cr4",
    "write cr8",
    "debug registers",
    "write debug registers",
    "lmsw",
    "clts",
    "invlpg",
    "wbinvd",
    "lgdt",
    "lidt",
    "lldt",
    "ltr",
    "swapgs",
    "wrmsr",
    "rdpmc",
    "xsetbv",
    "sysret",
    "rsm",
    "iretq to ring 0",
    "far return to ring 0",
    "far return through the task",
    "far return through a local table",
    "stack segment of ring 0",
    "null stack segment",
    "int 3",
    "int 14",
    "int 2",
    "int 32",
    "int1",
    "int 8",
    "int 13",
    "int 255",
    "into",
    "sysexit",
    "single step",
    "x87 exception",
];

/// What some processors and hypervisors let pass; it must then leave nothing behind.
const DOUBTFUL: &[&str] = &[
    // Emulated processors do not raise it.
    "SSE exception",
    "sysenter",
    "vmcall",
    "vmmcall",
    "vmrun",
    "vmlaunch",
    "vmxoff",
    "vmload",
    "clgi",
    "encls",
    "enclu",
    "rdpkru",
    "wrpkru",
    "monitor",
    "mwait",
    "umwait",
    "enter interrupts",
    "leave interrupts",
    "sgdt",
    "every flag",
    "alignment check",
    "trap flag at the gate",
    "stack shadow at the gate",
    "forged exception in a shadow",
    "compatibility mode",
    "host code selector",
    "host data selectors",
    "gs base",
    "string gate",
    "repeated gate",
    "prefixed gate",
    "operand prefix",
    "locked gate",
    "split lock",
    "split lock across pages",
    "split exchange",
    "split locks without end",
    "flush of shared lines",
    "prefetch of shared lines",
    "cpuid",
    "cpuid of every leaf",
    "wrfsbase at a non-canonical address",
    "rep lodsb without end",
    "fill everything",
    "early ready",
    "abort",
    "abort with text elsewhere",
];

/// Runs each attack twice, each time behind a call that left secrets, and looks for them afterwards.
fn survive(names: &[&str], allowed: &[ErrorCode]) {
    let deadline = if allowed.contains(&ErrorCode::Deadline) { DEADLINE } else { patient().deadline };
    let limits = Limits { deadline, ..patient() };
    let mut all = vec!["keep vectors", "keep registers"];
    all.extend(names);
    let mut attacker = Attacker::new(&all, patient());
    let mut failed = Vec::new();
    for (index, name) in names.iter().enumerate() {
        for _ in 0..2 {
            attacker.run_with(0, &SECRET, &mut crate::NoHost, false).expect("secrets in vectors");
            attacker.run_with(1, &SECRET, &mut crate::NoHost, false).expect("secrets in registers");
            attacker.machine.configure(limits);
            let result = attacker.run(index + 2, &SECRET);
            attacker.machine.configure(patient());
            if !allowed.contains(&outcome(&result)) {
                failed.push(format!("{name}: {:?}", result.map_err(|error| error.message)));
            }
            attacker.assert_clean(name);
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn pending_accesses_do_not_survive() {
    survive(PENDING, &[ErrorCode::BadReply]);
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn memory_that_is_not_the_guests_is_closed() {
    survive(MEMORY, &[ErrorCode::BadReply]);
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn ring_0_has_no_way_in() {
    survive(PRIVILEGED, &[ErrorCode::BadReply]);
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn what_a_processor_may_allow_leaves_nothing_behind() {
    survive(DOUBTFUL, &[ErrorCode::None, ErrorCode::BadReply, ErrorCode::Deadline]);
}
