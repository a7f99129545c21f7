//! Worlds as their authors write them: WIT text.
//!
//! What [`describe`] says of a world is what a component made from it says of itself, and besides that whatever its
//! authors wrote about it, which components leave out.

mod error;
mod packages;

use twinwall_abi::tables::FlatBufferBuilder;
use wasmparser::{Validator, WasmFeatures};
use wit_component::metadata;
use wit_parser::{Resolve, WorldId};

use error::sentence;

pub use error::WitError;

use crate::component::{encode_world, world_of_wit};
use crate::facts::SUPPORTED;

/// The file identifier of a world that is not part of an artifact.
const WORLD_IDENTIFIER: &str = "TWWD";

/// How a guest keeps text in its memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StringEncoding {
    /// As most languages do.
    #[default]
    Utf8,
    /// As AssemblyScript, Java and C# do.
    Utf16,
}

/// A world, in the two forms in which others need it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// A table of `packages/abi/schema/world.fbs`, with its file identifier.
    pub world: Vec<u8>,
    /// A whole custom section, `component-type:` and the world's name. Appended to a core module that has the world's
    /// functions, it makes of it one that [`compile`](crate::compile) takes for a component.
    pub section: Vec<u8>,
}

/// Reads WIT and describes one of its worlds.
///
/// `files` are paths and texts. Beside the files of a package, `deps/NAME/` and `deps/NAME.wit` are packages that it uses;
/// all files outside of such folders together are the package that has the world. Nothing is read from disk.
///
/// `world` is the world's name, or `package:name/world@version`; it may be left out where there is only one.
///
/// # Errors
/// [`WitError`] says where in the text something is wrong; each message is one line of bounded length.
pub fn describe(
    files: &[(String, String)],
    world: Option<&str>,
    encoding: StringEncoding,
) -> Result<Description, WitError> {
    let (resolve, package) = packages::read(files)?;
    let id = resolve
        .select_world(&[package], world)
        .map_err(|error| WitError::Package(sentence(&format!("{error:#}"))))?;
    // In this order: what is not supported is told by the function that needs it.
    Ok(Description { world: table(&resolve, id)?, section: section(&resolve, id, encoding)? })
}

/// The custom section. That it is valid bounds the types: how deep they are, and how large they are in all.
fn section(resolve: &Resolve, id: WorldId, encoding: StringEncoding) -> Result<Vec<u8>, WitError> {
    let encoding = match encoding {
        StringEncoding::Utf8 => wit_component::StringEncoding::UTF8,
        StringEncoding::Utf16 => wit_component::StringEncoding::UTF16,
    };
    let payload = metadata::encode(resolve, id, encoding, None)
        .map_err(|error| WitError::Package(sentence(&format!("{error:#}"))))?;
    Validator::new_with_features(SUPPORTED.union(WasmFeatures::COMPONENT_MODEL))
        .validate_all(&payload)
        .map_err(|error| WitError::from_validator(&error))?;
    let name = format!("component-type:{}", resolve.worlds[id].name);
    let mut content = Vec::with_capacity(payload.len() + name.len() + 16);
    push_length(&mut content, name.len());
    content.extend_from_slice(name.as_bytes());
    content.extend_from_slice(&payload);
    let mut section = vec![0];
    push_length(&mut section, content.len());
    section.extend_from_slice(&content);
    Ok(section)
}

/// A length in LEB128.
fn push_length(bytes: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
}

fn table(resolve: &Resolve, id: WorldId) -> Result<Vec<u8>, WitError> {
    let world = world_of_wit(resolve, id)?;
    let mut builder = FlatBufferBuilder::new();
    let root = encode_world(&mut builder, &world);
    builder.finish(root, Some(WORLD_IDENTIFIER));
    Ok(builder.finished_data().to_vec())
}
