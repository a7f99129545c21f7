//! What calls of a module's functions do to its state.

use wasmparser::{Operator, Parser, Payload, Result};

/// What a call does to, or needs of, the memories, tables and globals of its module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effect {
    /// Nothing: what it returns depends on its arguments alone.
    Pure,
    /// It may read them.
    Reads,
    /// It may change them, or drop a segment.
    Writes,
}

/// What a function body does.
struct Body {
    /// By itself.
    effect: Effect,
    /// Functions that it calls by index.
    calls: Vec<u32>,
    /// Whether it calls through a table.
    indirect: bool,
}

/// The effect of each function of a valid module, imported ones first.
///
/// Imported functions are the host's, which have nothing of the module in their hands.
pub(crate) fn effects(module: &[u8], imported: usize) -> Result<Vec<Effect>> {
    let mut bodies: Vec<Body> = std::iter::repeat_with(Body::new).take(imported).collect();
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::CodeSectionEntry(body) = payload? {
            let mut found = Body::new();
            for operator in body.get_operators_reader()? {
                found.note(&operator?);
            }
            bodies.push(found);
        }
    }
    Ok(close_over_calls(&bodies))
}

impl Body {
    fn new() -> Self {
        Self { effect: Effect::Pure, calls: Vec::new(), indirect: false }
    }

    fn note(&mut self, operator: &Operator<'_>) {
        match operator {
            Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                self.calls.push(*function_index);
            }
            Operator::CallIndirect { .. } | Operator::ReturnCallIndirect { .. } => self.indirect = true,
            other => self.effect = self.effect.max(effect_of(other)),
        }
    }
}

/// A caller does what its callees do. A call through a table may reach any function.
fn close_over_calls(bodies: &[Body]) -> Vec<Effect> {
    let most = bodies.iter().map(|body| body.effect).max().unwrap_or(Effect::Pure);
    let own = |body: &Body| if body.indirect { most.max(Effect::Reads) } else { body.effect };
    let mut effects: Vec<Effect> = bodies.iter().map(own).collect();
    loop {
        let before = effects.clone();
        for (effect, body) in effects.iter_mut().zip(bodies) {
            let reached = body.calls.iter().filter_map(|&callee| before.get(callee as usize)).max();
            *effect = reached.map_or(*effect, |&reached| reached.max(*effect));
        }
        if before == effects {
            return effects;
        }
    }
}

fn effect_of(operator: &Operator<'_>) -> Effect {
    if is_write(operator) {
        Effect::Writes
    } else if is_read(operator) {
        Effect::Reads
    } else {
        Effect::Pure
    }
}

fn is_read(operator: &Operator<'_>) -> bool {
    use Operator as O;
    matches!(
        operator,
        O::GlobalGet { .. }
            | O::TableGet { .. }
            | O::TableSize { .. }
            | O::MemorySize { .. }
            | O::I32Load { .. }
            | O::I32Load8S { .. }
            | O::I32Load8U { .. }
            | O::I32Load16S { .. }
            | O::I32Load16U { .. }
            | O::I64Load { .. }
            | O::I64Load8S { .. }
            | O::I64Load8U { .. }
            | O::I64Load16S { .. }
            | O::I64Load16U { .. }
            | O::I64Load32S { .. }
            | O::I64Load32U { .. }
            | O::F32Load { .. }
            | O::F64Load { .. }
            | O::V128Load { .. }
            | O::V128Load8x8S { .. }
            | O::V128Load8x8U { .. }
            | O::V128Load16x4S { .. }
            | O::V128Load16x4U { .. }
            | O::V128Load32x2S { .. }
            | O::V128Load32x2U { .. }
            | O::V128Load8Splat { .. }
            | O::V128Load16Splat { .. }
            | O::V128Load32Splat { .. }
            | O::V128Load64Splat { .. }
            | O::V128Load32Zero { .. }
            | O::V128Load64Zero { .. }
            | O::V128Load8Lane { .. }
            | O::V128Load16Lane { .. }
            | O::V128Load32Lane { .. }
            | O::V128Load64Lane { .. }
    )
}

fn is_write(operator: &Operator<'_>) -> bool {
    use Operator as O;
    matches!(
        operator,
        O::GlobalSet { .. }
            | O::TableSet { .. }
            | O::TableGrow { .. }
            | O::TableFill { .. }
            | O::TableCopy { .. }
            | O::TableInit { .. }
            | O::ElemDrop { .. }
            | O::MemoryGrow { .. }
            | O::MemoryFill { .. }
            | O::MemoryCopy { .. }
            | O::MemoryInit { .. }
            | O::DataDrop { .. }
            | O::I32Store { .. }
            | O::I32Store8 { .. }
            | O::I32Store16 { .. }
            | O::I64Store { .. }
            | O::I64Store8 { .. }
            | O::I64Store16 { .. }
            | O::I64Store32 { .. }
            | O::F32Store { .. }
            | O::F64Store { .. }
            | O::V128Store { .. }
            | O::V128Store8Lane { .. }
            | O::V128Store16Lane { .. }
            | O::V128Store32Lane { .. }
            | O::V128Store64Lane { .. }
    )
}
