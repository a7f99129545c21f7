//! The outer shape of a binary module, and appending to its sections without touching what is in them.

use wasm_encoder::Encode;
use wasmparser::{BinaryReader, Result};

/// Bytes of magic number and version.
const HEADER: usize = 8;

/// The sections in the order that the format prescribes.
const ORDER: [u8; 13] = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];

/// Section ids that this program writes.
pub(crate) const TYPE: u8 = 1;
pub(crate) const IMPORT: u8 = 2;
pub(crate) const FUNCTION: u8 = 3;
pub(crate) const EXPORT: u8 = 7;
pub(crate) const CODE: u8 = 10;

/// A binary module taken apart. Every section keeps its bytes as they were, odd but legal encodings included.
pub(crate) struct Sections<'a> {
    header: &'a [u8],
    sections: Vec<Section<'a>>,
}

struct Section<'a> {
    id: u8,
    /// The whole section, id and length included.
    whole: &'a [u8],
    /// What is behind the length.
    content: &'a [u8],
}

/// Items to append to one section.
pub(crate) struct Addition {
    pub id: u8,
    pub count: u32,
    pub items: Vec<u8>,
}

impl<'a> Sections<'a> {
    /// Splits a module that has been validated.
    pub(crate) fn read(module: &'a [u8]) -> Result<Self> {
        let mut reader = BinaryReader::new(module, 0);
        let header = reader.read_bytes(HEADER)?;
        let mut sections = Vec::new();
        while !reader.eof() {
            let start = reader.current_position();
            let id = reader.read_u8()?;
            let length = reader.read_var_u32()? as usize;
            let content = reader.read_bytes(length)?;
            let whole = module.get(start..reader.current_position()).unwrap_or_default();
            sections.push(Section { id, whole, content });
        }
        Ok(Self { header, sections })
    }

    /// What the section of that id holds.
    pub(crate) fn content(&self, id: u8) -> Option<&'a [u8]> {
        self.sections.iter().find(|section| section.id == id).map(|section| section.content)
    }

    /// The module with `replaced` in place of the section of that id, and with `additions` behind what their
    /// sections hold; a section that is missing is made.
    pub(crate) fn write(
        &self,
        replaced: Option<(u8, &[u8])>,
        mut additions: Vec<Addition>,
    ) -> Result<Vec<u8>> {
        let mut module = self.header.to_vec();
        for section in &self.sections {
            // Custom sections (id 0) may stand anywhere.
            if let Some(rank) = rank(section.id) {
                for missing in take(&mut additions, |addition| before(addition.id, rank)) {
                    write_section(&mut module, missing.id, missing.count, &missing.items);
                }
            }
            let own = take(&mut additions, |addition| addition.id == section.id).pop();
            match (own, replaced) {
                (Some(addition), _) => append(&mut module, section, &addition)?,
                (None, Some((id, content))) if id == section.id => write_raw(&mut module, id, content),
                (None, _) => module.extend_from_slice(section.whole),
            }
        }
        additions.sort_by_key(|addition| rank(addition.id));
        for missing in additions {
            write_section(&mut module, missing.id, missing.count, &missing.items);
        }
        Ok(module)
    }
}

/// Takes those out for which `wanted` holds, in the order of sections.
fn take(additions: &mut Vec<Addition>, wanted: impl Fn(&Addition) -> bool) -> Vec<Addition> {
    let (mut taken, kept): (Vec<_>, Vec<_>) = additions.drain(..).partition(|addition| wanted(addition));
    *additions = kept;
    taken.sort_by_key(|addition| rank(addition.id));
    taken
}

fn before(id: u8, other: usize) -> bool {
    rank(id).is_some_and(|rank| rank < other)
}

fn rank(id: u8) -> Option<usize> {
    ORDER.iter().position(|&known| known == id)
}

fn append(module: &mut Vec<u8>, section: &Section<'_>, addition: &Addition) -> Result<()> {
    let mut reader = BinaryReader::new(section.content, 0);
    let count = reader.read_var_u32()?;
    let mut items = section.content.get(reader.current_position()..).unwrap_or_default().to_vec();
    items.extend_from_slice(&addition.items);
    write_section(module, section.id, count + addition.count, &items);
    Ok(())
}

fn write_section(module: &mut Vec<u8>, id: u8, count: u32, items: &[u8]) {
    let mut content = Vec::with_capacity(items.len() + 5);
    count.encode(&mut content);
    content.extend_from_slice(items);
    write_raw(module, id, &content);
}

fn write_raw(module: &mut Vec<u8>, id: u8, content: &[u8]) {
    module.push(id);
    // A byte slice encodes as its length and its bytes, which is how a section goes on.
    content.encode(module);
}
