//! Builds the functions of steps into a module.

use wasm_encoder::{Encode, ExportKind, Function};
use wasmparser::{BinaryReader, Result};

use crate::facts::Facts;
use crate::sections::{Addition, CODE, EXPORT, FUNCTION, IMPORT, Sections, TYPE};

/// The type `() -> i32` of all steps, encoded.
const STEP_TYPE: [u8; 4] = [0x60, 0, 1, 0x7f];

/// The module under which guests import host functions.
const TWINWALL: &str = "twinwall";

/// The name under which a guest imports what a script imports as `module` `name`.
pub(crate) fn host_name(module: &str, name: &str) -> String {
    format!("{module}.{name}")
}

/// The module with `functions` behind its own, exported as `#0`, `#1` and so on, and with its imports, which are all
/// functions of the host, taken from where guests find them. Nothing else changes, and no index moves.
pub(crate) fn assemble(module: &[u8], facts: &Facts, functions: &[Function]) -> Result<Vec<u8>> {
    if functions.is_empty() && facts.imports.is_empty() {
        return Ok(module.to_vec());
    }
    let sections = Sections::read(module)?;
    let imports = sections.content(IMPORT).map(renamed_imports).transpose()?;
    sections.write(imports.as_deref().map(|content| (IMPORT, content)), additions(facts, functions))
}

/// The name under which step `index` is exported.
pub(crate) fn step_name(index: usize) -> String {
    format!("#{index}")
}

fn additions(facts: &Facts, functions: &[Function]) -> Vec<Addition> {
    let count = functions.len() as u32;
    if count == 0 {
        return Vec::new();
    }
    let (mut declarations, mut exports, mut bodies) = (Vec::new(), Vec::new(), Vec::new());
    for (index, function) in functions.iter().enumerate() {
        facts.types.encode(&mut declarations);
        step_name(index).as_str().encode(&mut exports);
        ExportKind::Func.encode(&mut exports);
        (facts.functions.len() + index).encode(&mut exports);
        function.encode(&mut bodies);
    }
    vec![
        Addition { id: TYPE, count: 1, items: STEP_TYPE.to_vec() },
        Addition { id: FUNCTION, count, items: declarations },
        Addition { id: EXPORT, count, items: exports },
        Addition { id: CODE, count, items: bodies },
    ]
}

/// The content of an import section of functions, with the names replaced in each.
fn renamed_imports(content: &[u8]) -> Result<Vec<u8>> {
    let mut reader = BinaryReader::new(content, 0);
    let count = reader.read_var_u32()?;
    let mut renamed = Vec::new();
    count.encode(&mut renamed);
    for _ in 0..count {
        let (module, name) = (reader.read_string()?, reader.read_string()?);
        TWINWALL.encode(&mut renamed);
        host_name(module, name).as_str().encode(&mut renamed);
        let start = reader.current_position();
        // The kind, which is that of functions, and the index of a type.
        reader.read_u8()?;
        reader.read_var_u32()?;
        renamed.extend_from_slice(content.get(start..reader.current_position()).unwrap_or_default());
    }
    Ok(renamed)
}
