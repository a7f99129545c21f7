//! A loop of bytecode that does nothing: the host's engine compiles the interpreter well once it has run hot, and how long
//! the loop takes tells the host what an instruction costs.

use alloc::vec::Vec;
use core::ptr::NonNull;

use pulley_interpreter::imms::PcRelOffset;
use pulley_interpreter::interp::{DoneReason, RegType, Val, Vm, XRegVal};
use pulley_interpreter::regs::{BinaryOperands, XReg};
use pulley_interpreter::{BrIfXneq32I8, Ret, Xadd64, Xsub32U8};

/// Instructions of one round.
pub(crate) const ROUND: u32 = 3;

/// Bytes of stack, of which the loop needs none.
const STACK: usize = 1024;

/// Runs the loop so many rounds; returns the instructions that were executed, 0 when something went wrong.
pub(crate) fn warm(rounds: u32) -> u32 {
    let code = code();
    let Ok(mut vm) = Vm::with_stack(STACK) else { return 0 };
    let arguments = [Val::XReg(XRegVal::new_u32(rounds)), Val::XReg(XRegVal::new_u32(0))];
    // SAFETY: the code is a function of two integers that ends in a return, and it touches no memory.
    let done = unsafe { vm.call(NonNull::from(code.as_slice()).cast(), &arguments, [RegType::XReg]) };
    match done {
        DoneReason::ReturnToHost(_) => rounds.saturating_mul(ROUND),
        DoneReason::Trap { .. } | DoneReason::CallIndirectHost { .. } => 0,
    }
}

/// Counts x0 down to zero and sums into x1 on the way.
fn code() -> Vec<u8> {
    let (counter, sum) = (XReg::x0, XReg::x1);
    let mut code = Vec::new();
    Xadd64 { operands: BinaryOperands { dst: sum, src1: sum, src2: counter } }.encode(&mut code);
    Xsub32U8 { dst: counter, src1: counter, src2: 1 }.encode(&mut code);
    let back = -(code.len() as i32);
    BrIfXneq32I8 { a: counter, b: 0, offset: PcRelOffset::from(back) }.encode(&mut code);
    Ret {}.encode(&mut code);
    code
}
