import { casesLayout, flagsBytes, layoutOf, payloadsOf, sequence, wordsOf } from "./layout.js";
import { Malformed, within } from "./mismatch.js";
import { camelCase } from "./names.js";
import { elementArrayOf } from "./number-arrays.js";
import type { Reader } from "./reader.js";
import { type HandleType, isNullable, type PlainKind, type WitField, type WitType } from "./types.js";

/** Reads the value at a position of the image. */
export type Load = (reader: Reader, at: number) => unknown;

type Of<Kind extends WitType["kind"]> = Extract<WitType, { kind: Kind }>;

const known = new WeakMap<WitType, Load>();

/** What reads values of a type: one for each, since a type may be a part of many. */
export function loadOf(type: WitType): Load {
  const before = known.get(type);
  if (before !== undefined) return before;
  const load = make(type);
  known.set(type, load);
  return load;
}

function make(type: WitType): Load {
  switch (type.kind) {
    case "list":
      return loadList(type);
    case "record":
      return loadRecord(type);
    case "tuple":
      return loadTuple(type);
    case "variant":
      return loadTagged(
        type,
        type.cases.map((one) => one.name),
      );
    case "result":
      return loadTagged(type, ["ok", "err"]);
    case "option":
      return loadOption(type);
    case "enum":
      return loadEnum(type);
    case "flags":
      return loadFlags(type);
    case "own":
    case "borrow":
      return loadHandle(type);
    default:
      return plain[type.kind];
  }
}

const plain: Readonly<Record<PlainKind, Load>> = {
  // As the component model has it, all but 0 is true.
  bool: (reader, at) => reader.view.getUint8(at) !== 0,
  s8: (reader, at) => reader.view.getInt8(at),
  u8: (reader, at) => reader.view.getUint8(at),
  s16: (reader, at) => reader.view.getInt16(at, true),
  u16: (reader, at) => reader.view.getUint16(at, true),
  s32: (reader, at) => reader.view.getInt32(at, true),
  u32: (reader, at) => reader.view.getUint32(at, true),
  s64: (reader, at) => reader.view.getBigInt64(at, true),
  u64: (reader, at) => reader.view.getBigUint64(at, true),
  f32: (reader, at) => reader.view.getFloat32(at, true),
  f64: (reader, at) => reader.view.getFloat64(at, true),
  char: (reader, at) => {
    const point = reader.view.getUint32(at, true);
    if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) {
      throw new Malformed(`0x${point.toString(16)} is no character`);
    }
    return String.fromCodePoint(point);
  },
  string: (reader, at) => reader.text(reader.view.getUint32(at, true), reader.view.getUint32(at + 4, true)),
};

function loadList(type: Of<"list">): Load {
  const { size, align } = layoutOf(type.element);
  const Numbers = elementArrayOf(type.element);
  const load = loadOf(type.element);
  const words = wordsOf(type.element);
  return (reader, at) => {
    const pointer = reader.view.getUint32(at, true);
    const length = reader.view.getUint32(at + 4, true);
    if (length === 0)
      return reader.empty(pointer, Numbers === undefined ? [] : new Numbers(new ArrayBuffer(0)));
    const block = reader.take(pointer, length * size, align);
    if (Numbers !== undefined) return new Numbers(copy(reader.bytes, block, length * size));
    reader.spend(length * words);
    const values: unknown[] = [];
    try {
      for (let index = 0; index < length; index++) values.push(load(reader, block + index * size));
    } catch (error) {
      throw within(error, `[${values.length}]`);
    }
    return values;
  };
}

/** A copy with a buffer of its own. */
function copy(bytes: Uint8Array, start: number, length: number): ArrayBuffer {
  const own = new Uint8Array(length);
  own.set(bytes.subarray(start, start + length));
  return own.buffer;
}

function loadRecord(type: Of<"record">): Load {
  const { offsets } = sequence(type.fields.map((field) => field.type));
  const fields = type.fields.map((field, index) => ({
    key: camelCase(field.name),
    load: loadOf(field.type),
    offset: offsets[index] as number,
  }));
  return (reader, at) => {
    const record: Record<string, unknown> = {};
    let key = "";
    try {
      for (const field of fields) {
        key = field.key;
        record[key] = field.load(reader, at + field.offset);
      }
    } catch (error) {
      throw within(error, `.${key}`);
    }
    return record;
  };
}

/** The parts of a tuple, or the results of a function. */
export function loadParts(parts: readonly WitField[]): readonly { load: Load; offset: number }[] {
  const { offsets } = sequence(parts.map((part) => part.type));
  return parts.map((part, index) => ({ load: loadOf(part.type), offset: offsets[index] as number }));
}

function loadTuple(type: Of<"tuple">): Load {
  const parts = loadParts(type.items.map((item, index) => ({ name: `${index}`, type: item })));
  return (reader, at) => {
    const values: unknown[] = [];
    try {
      for (const part of parts) values.push(part.load(reader, at + part.offset));
    } catch (error) {
      throw within(error, `[${values.length}]`);
    }
    return values;
  };
}

/** Reads a discriminant; the payload's reader comes with it. */
function loadCases(type: WitType): (reader: Reader, at: number) => number {
  const payloads = payloadsOf(type);
  const { discriminant } = casesLayout(payloads);
  return (reader, at) => {
    const { view } = reader;
    const index =
      discriminant === 1
        ? view.getUint8(at)
        : discriminant === 2
          ? view.getUint16(at, true)
          : view.getUint32(at, true);
    if (index >= payloads.length) throw new Malformed(`it has no case ${index}`);
    return index;
  };
}

function loadTagged(type: WitType, tags: readonly string[]): Load {
  const payloads = payloadsOf(type);
  const { payload } = casesLayout(payloads);
  const caseOf = loadCases(type);
  const loads = payloads.map((one) => (one === undefined ? undefined : loadOf(one)));
  return (reader, at) => {
    const index = caseOf(reader, at);
    const tag = tags[index] as string;
    const load = loads[index];
    if (load === undefined) return { tag, val: undefined };
    try {
      return { tag, val: load(reader, at + payload) };
    } catch (error) {
      throw within(error, ".val");
    }
  };
}

function loadOption(type: Of<"option">): Load {
  if (!isNullable(type)) return loadTagged(type, ["none", "some"]);
  const { payload } = casesLayout(payloadsOf(type));
  const caseOf = loadCases(type);
  const load = loadOf(type.value);
  return (reader, at) => (caseOf(reader, at) === 0 ? undefined : load(reader, at + payload));
}

function loadEnum(type: Of<"enum">): Load {
  const caseOf = loadCases(type);
  return (reader, at) => type.cases[caseOf(reader, at)];
}

function loadFlags(type: Of<"flags">): Load {
  const names = type.names.map(camelCase);
  const bytes = flagsBytes(names.length);
  return (reader, at) => {
    const flags: Record<string, boolean> = {};
    for (let index = 0; index < names.length && index >> 3 < bytes; index++) {
      const byte = reader.view.getUint8(at + (index >> 3));
      flags[names[index] as string] = ((byte >> (index & 7)) & 1) === 1;
    }
    return flags;
  };
}

function loadHandle(type: HandleType): Load {
  return (reader, at) => {
    if (reader.resources === undefined) throw new Malformed("it holds a resource, and nobody keeps any");
    return reader.resources.lift(type, reader.view.getUint32(at, true));
  };
}
