// Finishes the image of the soft machine: checks the contract, drops what no host reads, and adds the header by which
// the host knows what the image writes.
import { readFileSync } from "node:fs";

const CUSTOM = 0;
const GLOBAL = 6;
const DATA = 11;

const CONST_I32 = 0x41;
const END = 0x0b;

/** `TWIM` read as a little-endian number. */
const MAGIC = 0x4d495754;

/** Where attachments begin (`ATTACHMENTS` in packages/vmm-soft/src/plan.ts): statics end before. */
const STATICS_LIMIT = 512 * 1024;

/** Most bytes of statics that an image writes: every restore puts them back. */
const WRITABLE_LIMIT = 8192;

/** Reads WebAssembly from `bytes`. */
class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  byte() {
    return this.bytes[this.at++];
  }

  /** A LEB128 number of at most 32 bits. */
  number(signed = false) {
    let value = 0n;
    let shift = 0n;
    let byte;
    do {
      byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      shift += 7n;
    } while (byte & 0x80);
    if (signed && byte & 0x40) value -= 1n << shift;
    return Number(value);
  }

  take(length) {
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  name() {
    return Buffer.from(this.take(this.number())).toString("utf8");
  }
}

/** All sections: number, name of a custom one, contents, and the whole with its head. */
function sections(bytes) {
  const reader = new Reader(bytes);
  reader.take(8);
  const found = [];
  while (reader.at < bytes.length) {
    const start = reader.at;
    const id = reader.byte();
    const contents = reader.take(reader.number());
    const name = id === CUSTOM ? new Reader(contents).name() : "";
    found.push({ id, name, contents, whole: bytes.subarray(start, reader.at) });
  }
  return found;
}

function contentsOf(all, id) {
  return all.find((section) => section.id === id)?.contents ?? Uint8Array.of(0);
}

/** Address and length of each active data segment. */
function segments(contents) {
  const reader = new Reader(contents);
  return Array.from({ length: reader.number() }, () => {
    require(reader.number() === 0, "a data segment is not placed");
    return { address: constant(reader), bytes: reader.take(reader.number()).length };
  });
}

/** Values of the module's own globals. */
function globals(contents) {
  const reader = new Reader(contents);
  return Array.from({ length: reader.number() }, () => {
    reader.take(2);
    return constant(reader);
  });
}

function constant(reader) {
  require(reader.byte() === CONST_I32, "a place is no constant");
  const value = reader.number(true) >>> 0;
  require(reader.byte() === END, "a place is no constant");
  return value;
}

function require(holds, rule) {
  if (!holds) throw new Error(`not an image of the soft machine: ${rule}`);
}

/** What the linker decided: where statics lie. Read-only data is one segment, what the image writes comes behind. */
function layout(all) {
  const placed = segments(contentsOf(all, DATA)).sort((a, b) => a.address - b.address);
  require(placed.length === 2, `there are ${placed.length} data segments, not read-only and writable data`);
  const [readOnly, writable] = placed;
  // In the order of wasm-ld: the stack pointer, then what it exports, the end of data and the base of the heap.
  const [stackPointer, , heapBase] = globals(contentsOf(all, GLOBAL));
  require(stackPointer <= readOnly.address, "the stack does not lie at the bottom");
  require(heapBase <= STATICS_LIMIT, `statics end at ${heapBase}, behind ${STATICS_LIMIT}`);
  require(heapBase >= writable.address + writable.bytes, "the heap begins within statics");
  require(heapBase - writable.address <= WRITABLE_LIMIT, `more than ${WRITABLE_LIMIT} writable bytes`);
  return { writableStart: writable.address, staticEnd: heapBase, stackBytes: stackPointer };
}

function checkImports(bytes) {
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(bytes));
  const names = imports.map(({ module, name }) => `${module} ${name}`).sort();
  require(names.join(", ") === "env memory, twinwall gate", `it imports ${names.join(", ")}`);
}

function header({ writableStart, staticEnd, stackBytes }, abiVersion) {
  const name = Buffer.from("twinwall");
  const fields = Buffer.alloc(20);
  [MAGIC, abiVersion, writableStart, staticEnd, stackBytes].forEach((value, index) => {
    fields.writeUInt32LE(value, 4 * index);
  });
  const contents = Buffer.concat([Buffer.of(name.length), name, fields]);
  return Buffer.concat([Buffer.of(CUSTOM, contents.length), contents]);
}

/** The version in the one place that has it. */
function abiVersion(root) {
  const source = readFileSync(`${root}/packages/abi/src/constants.ts`, "utf8");
  const [, version] = /ABI_VERSION = (\d+)/.exec(source) ?? [];
  require(version !== undefined, "the ABI version is not where it was");
  return Number(version);
}

/**
 * Checks a linked image and returns the one to ship: without names and notes of the tools, with the header.
 *
 * @param names Keeps the functions' names, for a profile.
 */
export function finishSoftImage(bytes, root, names = false) {
  checkImports(bytes);
  const all = sections(bytes);
  const kept = all.filter(({ id, name }) => id !== CUSTOM || (names && name === "name"));
  const found = layout(all);
  const image = Buffer.concat([
    bytes.subarray(0, 8),
    ...kept.map(({ whole }) => whole),
    header(found, abiVersion(root)),
  ]);
  return { image, writableBytes: found.staticEnd - found.writableStart };
}
