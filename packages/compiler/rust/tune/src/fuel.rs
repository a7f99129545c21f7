//! What instructions cost in fuel.
//!
//! A unit of fuel is about an instruction. Where there is no timer to stop a guest, fuel stands for time, so what takes
//! longer costs more: jumps and calls, whose bookkeeping outweighs them, vectors, which an interpreter works through
//! lane by lane, and above all instructions over many bytes, which are cheap by the byte but never free. Inside, fuel
//! therefore counts in parts of a unit.

use wasmtime::{OperatorCost, VariableOperatorCost};

/// Parts of a unit: what an ordinary instruction costs. So many bytes of a bulk operation are a unit, too.
pub const FUEL_PARTS: u64 = 32;

/// Cost of an ordinary instruction.
const UNIT: u8 = FUEL_PARTS as u8;

/// The most that a table can say: about eight units.
const MOST: u8 = u8::MAX;

/// Units of each instruction of a proposal.
macro_rules! units {
    (simd) => {
        4
    };
    (relaxed_simd) => {
        4
    };
    ($other:ident) => {
        1
    };
}

/// Every instruction by its proposal. What generates no code (`nop`, `block`, `end`) costs nothing in the default table
/// and stays so.
macro_rules! by_proposal {
    ($(@$proposal:ident $op:ident $({ $($argument:ident: $kind:ty),* })? => $visit:ident ($($annotation:tt)*))*) => {
        fn by_proposal() -> OperatorCost {
            let mut cost = OperatorCost::new();
            $(cost.$op *= UNIT * units!($proposal);)*
            cost
        }
    };
}

wasmparser::for_each_operator!(by_proposal);

/// The costs that compiler and guests share.
pub(crate) fn costs() -> OperatorCost {
    let mut cost = by_proposal();
    jumps_and_calls(&mut cost);
    arithmetic(&mut cost);
    many_at_once(&mut cost);
    cost
}

fn jumps_and_calls(cost: &mut OperatorCost) {
    let jump = 3 * UNIT;
    for field in [&mut cost.Br, &mut cost.BrIf, &mut cost.BrTable, &mut cost.If] {
        *field = jump;
    }
    let call = 6 * UNIT;
    let calls = [
        &mut cost.Call,
        &mut cost.CallIndirect,
        &mut cost.CallRef,
        &mut cost.ReturnCall,
        &mut cost.ReturnCallIndirect,
        &mut cost.ReturnCallRef,
    ];
    for field in calls {
        *field = call;
    }
}

/// Division, and rounding and roots, for which an interpreter has no instruction.
fn arithmetic(cost: &mut OperatorCost) {
    let division = 2 * UNIT;
    let divisions = [
        &mut cost.I32DivS,
        &mut cost.I32DivU,
        &mut cost.I32RemS,
        &mut cost.I32RemU,
        &mut cost.I64DivS,
        &mut cost.I64DivU,
        &mut cost.I64RemS,
        &mut cost.I64RemU,
    ];
    for field in divisions {
        *field = division;
    }
    let rounding = [
        &mut cost.F32Sqrt,
        &mut cost.F32Ceil,
        &mut cost.F32Floor,
        &mut cost.F32Trunc,
        &mut cost.F32Nearest,
        &mut cost.F64Sqrt,
        &mut cost.F64Ceil,
        &mut cost.F64Floor,
        &mut cost.F64Trunc,
        &mut cost.F64Nearest,
    ];
    for field in rounding {
        *field = 4 * UNIT;
    }
}

/// What leaves the code for the runtime, once or for each byte, page or element.
fn many_at_once(cost: &mut OperatorCost) {
    let leaving = [
        &mut cost.MemoryGrow,
        &mut cost.MemoryCopy,
        &mut cost.MemoryFill,
        &mut cost.MemoryInit,
        &mut cost.DataDrop,
        &mut cost.TableGrow,
        &mut cost.TableCopy,
        &mut cost.TableFill,
        &mut cost.TableInit,
        &mut cost.ElemDrop,
        &mut cost.RefFunc,
    ];
    for field in leaving {
        *field = MOST;
    }
    // A page of a memory that grows is opened and cleared. An element is about as much as four bytes.
    cost.variable = VariableOperatorCost {
        memory_grow_per_page: MOST,
        table_copy_per_element: 4,
        table_fill_per_element: 4,
        table_init_per_element: 4,
        table_grow_per_element: 4,
        ..VariableOperatorCost::new()
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_follow_the_kind_of_instruction() {
        let cost = costs();
        assert_eq!((cost.Nop, cost.End, cost.I32Add), (0, 0, UNIT));
        assert_eq!((cost.I8x16Add, cost.Br, cost.MemoryCopy), (4 * UNIT, 3 * UNIT, MOST));
        assert_eq!((cost.variable.memory_copy_per_byte, cost.variable.memory_fill_per_byte), (1, 1));
    }
}
