// Checks that an ELF file keeps the contract of an image. What breaks it would be refused, or worse, at boot.

const ET_EXEC = 2;
const EM_X86_64 = 62;
const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const PT_TLS = 7;
const SHT_SYMTAB = 2;
const SYMBOL_BYTES = 24;

/** Most writable bytes (data and bss): every machine has its own copy, and every restore puts it back. */
const WRITABLE_LIMIT = 8192;

/** Segments of an ELF file: type, flags and place of each. */
function programHeaders(view) {
  const offset = Number(view.getBigUint64(32, true));
  const size = view.getUint16(54, true);
  return Array.from({ length: view.getUint16(56, true) }, (_, index) => {
    const at = offset + index * size;
    return {
      type: view.getUint32(at, true),
      flags: view.getUint32(at + 4, true),
      address: Number(view.getBigUint64(at + 16, true)),
      bytes: Number(view.getBigUint64(at + 40, true)),
    };
  });
}

/** Sections of an ELF file: name, type and place of each. */
function sectionHeaders(bytes, view) {
  const offset = Number(view.getBigUint64(40, true));
  const size = view.getUint16(58, true);
  const sections = Array.from({ length: view.getUint16(60, true) }, (_, index) => {
    const at = offset + index * size;
    return {
      nameOffset: view.getUint32(at, true),
      type: view.getUint32(at + 4, true),
      offset: Number(view.getBigUint64(at + 24, true)),
      bytes: Number(view.getBigUint64(at + 32, true)),
      link: view.getUint32(at + 40, true),
    };
  });
  const names = sections[view.getUint16(62, true)];
  return sections.map((section) => ({ ...section, name: text(bytes, names.offset + section.nameOffset) }));
}

/** The text at `offset`, up to its NUL. */
function text(bytes, offset) {
  return bytes.subarray(offset, bytes.indexOf(0, offset)).toString("latin1");
}

/** Names of all symbols that no section defines. */
function undefinedSymbols(bytes, view, sections) {
  const names = [];
  for (const table of sections.filter((section) => section.type === SHT_SYMTAB)) {
    const strings = sections[table.link];
    // The first symbol is always empty.
    for (let at = table.offset + SYMBOL_BYTES; at < table.offset + table.bytes; at += SYMBOL_BYTES) {
      if (view.getUint16(at + 6, true) === 0)
        names.push(text(bytes, strings.offset + view.getUint32(at, true)));
    }
  }
  return names;
}

function access(flags) {
  return `${flags & 4 ? "r" : "-"}${flags & 2 ? "w" : "-"}${flags & 1 ? "x" : "-"}`;
}

function require(holds, rule) {
  if (!holds) throw new Error(`not an image: ${rule}`);
}

/**
 * Checks the bytes (a Buffer) of an image and returns its loaded segments: access and bytes of each.
 *
 * Throws an error that names the rule which is broken.
 */
export function checkImage(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  require(view.getUint32(0, false) === 0x7f454c46, "no ELF file");
  require(view.getUint16(16, true) === ET_EXEC &&
    view.getUint16(18, true) === EM_X86_64, "no x86-64 executable");
  const segments = programHeaders(view);
  const foreign = segments.some(({ type }) => [PT_DYNAMIC, PT_INTERP, PT_TLS].includes(type));
  require(!foreign, "needs a dynamic linker or thread-local storage");
  const loads = segments.filter(({ type, bytes: length }) => type === PT_LOAD && length > 0);
  require(!loads.some(({ flags }) => (flags & 3) === 3), "a segment is writable and executable");
  const writable = loads.filter(({ flags }) => flags & 2);
  require(writable.length <= 1, "more than one writable segment");
  require(writable.every(
    ({ bytes: length }) => length <= WRITABLE_LIMIT,
  ), `more than ${WRITABLE_LIMIT} writable bytes`);
  const sections = sectionHeaders(bytes, view);
  require(sections.some(({ name }) => name === ".twinwall"), "no .twinwall section");
  const missing = undefinedSymbols(bytes, view, sections);
  require(missing.length === 0, `undefined symbols: ${missing.join(", ")}`);
  return loads.map(({ flags, bytes: length }) => ({ access: access(flags), bytes: length }));
}
