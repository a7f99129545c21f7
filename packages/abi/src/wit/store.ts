import { HEAD_BYTES } from "./frame.js";
import { casesLayout, flagsBytes, layoutOf, payloadsOf, sequence } from "./layout.js";
import { Mismatch, mismatch, withArticle, within } from "./mismatch.js";
import { camelCase } from "./names.js";
import { elementArrayOf, isNumberArray, type NumberArray } from "./number-arrays.js";
import { storeOfPlain } from "./store-plain.js";
import { type HandleType, isNullable, showType, type WitField, type WitType } from "./types.js";
import type { Writer } from "./writer.js";

/** Checks a value and writes it at a position of the image. */
export type Store = (writer: Writer, at: number, value: unknown) => void;

type Of<Kind extends WitType["kind"]> = Extract<WitType, { kind: Kind }>;

const known = new WeakMap<WitType, Store>();

/** What writes values of a type: one for each, since a type may be a part of many. */
export function storeOf(type: WitType): Store {
  const before = known.get(type);
  if (before !== undefined) return before;
  const store = make(type);
  known.set(type, store);
  return store;
}

function make(type: WitType): Store {
  switch (type.kind) {
    case "list":
      return storeList(type);
    case "record":
      return storeRecord(type);
    case "tuple":
      return storeTuple(type);
    case "variant":
      return storeVariant(type);
    case "enum":
      return storeEnum(type);
    case "flags":
      return storeFlags(type);
    case "option":
      return storeOption(type);
    case "result":
      return storeResult(type);
    case "own":
    case "borrow":
      return storeHandle(type);
    default:
      return storeOfPlain(type.kind);
  }
}

function storePair(writer: Writer, at: number, pointer: number, length: number): void {
  writer.view.setUint32(HEAD_BYTES + at, pointer, true);
  writer.view.setUint32(HEAD_BYTES + at + 4, length, true);
}

function storeList(type: Of<"list">): Store {
  const { size, align } = layoutOf(type.element);
  const store = storeOf(type.element);
  const numbers = elementArrayOf(type.element);
  const expected =
    numbers === undefined
      ? `${showType(type)} (an array)`
      : `${showType(type)} (${withArticle(numbers.name)} or an array)`;
  return (writer, at, value) => {
    if (numbers !== undefined && isNumberArray(value, numbers.name)) {
      storeNumbers(writer, at, value, align);
      return;
    }
    if (!Array.isArray(value)) throw mismatch(expected, value);
    const length = value.length;
    if (length === 0) return;
    const block = writer.reserve(size * length, align);
    storePair(writer, at, block, length);
    let index = 0;
    try {
      for (; index < length; index++) store(writer, block + index * size, value[index]);
    } catch (error) {
      throw within(error, `[${index}]`);
    }
  };
}

/** Both sides are little endian: every engine of today is. */
function storeNumbers(writer: Writer, at: number, value: NumberArray, align: number): void {
  const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (bytes.length === 0) return;
  const block = writer.reserve(bytes.length, align);
  writer.bytes.set(bytes, HEAD_BYTES + block);
  // The alignment of a number is its size.
  storePair(writer, at, block, bytes.length / align);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

function storeRecord(type: Of<"record">): Store {
  const { offsets } = sequence(type.fields.map((field) => field.type));
  const fields = type.fields.map((field, index) => {
    const key = camelCase(field.name);
    return {
      key,
      store: storeOf(field.type),
      offset: offsets[index] as number,
      optional: isNullable(field.type),
      inherited: Reflect.get(Object.prototype, key) as unknown,
    };
  });
  const keys = new Set(fields.map((field) => field.key));
  const expected = `${showType(type)} (an object)`;
  return (writer, at, value) => {
    if (!isObject(value)) throw mismatch(expected, value);
    let key = "";
    try {
      for (const field of fields) {
        key = field.key;
        let part = value[key];
        // Every object has a `constructor` and a `toString`, which nobody gave it.
        if (part === field.inherited) part = undefined;
        if (part === undefined && !field.optional && (field.inherited !== undefined || !(key in value))) {
          throw new Mismatch("a value", "no such field");
        }
        field.store(writer, at + field.offset, part);
      }
    } catch (error) {
      throw within(error, `.${key}`);
    }
    for (const other in value) if (!keys.has(other)) throw surplus("field", type, other);
  };
}

function surplus(what: string, type: WitType, key: string): unknown {
  return within(new Mismatch(`no such ${what} in ${showType(type)}`, "one"), `.${key.slice(0, 100)}`);
}

/** The parts of a tuple, or the parameters of a function. */
export function storeParts(parts: readonly WitField[]): readonly { store: Store; offset: number }[] {
  const { offsets } = sequence(parts.map((part) => part.type));
  return parts.map((part, index) => ({ store: storeOf(part.type), offset: offsets[index] as number }));
}

function storeTuple(type: Of<"tuple">): Store {
  const parts = storeParts(type.items.map((item, index) => ({ name: `${index}`, type: item })));
  const expected = `${showType(type)} (an array of ${parts.length})`;
  return (writer, at, value) => {
    if (!Array.isArray(value) || value.length !== parts.length) throw mismatch(expected, value);
    let index = 0;
    try {
      for (const part of parts) {
        part.store(writer, at + part.offset, value[index]);
        index++;
      }
    } catch (error) {
      throw within(error, `[${index}]`);
    }
  };
}

/** Writes a discriminant, and behind it the payload of that case. */
function storeCases(type: WitType): (writer: Writer, at: number, index: number, value: unknown) => void {
  const payloads = payloadsOf(type);
  const { discriminant, payload } = casesLayout(payloads);
  const stores = payloads.map((one) => (one === undefined ? undefined : storeOf(one)));
  return (writer, at, index, value) => {
    const { view } = writer;
    if (discriminant === 1) view.setUint8(HEAD_BYTES + at, index);
    else if (discriminant === 2) view.setUint16(HEAD_BYTES + at, index, true);
    else view.setUint32(HEAD_BYTES + at, index, true);
    const store = stores[index];
    if (store !== undefined) store(writer, at + payload, value);
    else if (value !== undefined) throw mismatch("no value", value);
  };
}

/** Most names that an error lists. */
const LISTED = 20;

function oneOf(names: readonly string[]): string {
  const listed = names.slice(0, LISTED).map((name) => `"${name}"`);
  if (names.length > LISTED) listed.push(`… (${names.length - LISTED} more)`);
  return `one of ${listed.join(", ")}`;
}

/** A value `{ tag, val }`. */
function storeTagged(type: WitType, tags: readonly string[]): Store {
  const store = storeCases(type);
  const numbers = new Map(tags.map((tag, index) => [tag, index]));
  const shown = oneOf(tags);
  const expected = `${showType(type)} (an object with tag and val)`;
  return (writer, at, value) => {
    if (!isObject(value)) throw mismatch(expected, value);
    const tag = value["tag"];
    const index = typeof tag === "string" ? numbers.get(tag) : undefined;
    if (index === undefined) throw within(mismatch(shown, tag), ".tag");
    try {
      store(writer, at, index, value["val"]);
    } catch (error) {
      throw within(error, ".val");
    }
  };
}

function storeVariant(type: Of<"variant">): Store {
  return storeTagged(
    type,
    type.cases.map((one) => one.name),
  );
}

function storeResult(type: Of<"result">): Store {
  return storeTagged(type, ["ok", "err"]);
}

function storeOption(type: Of<"option">): Store {
  if (!isNullable(type)) return storeTagged(type, ["none", "some"]);
  const store = storeCases(type);
  return (writer, at, value) => {
    try {
      store(writer, at, value === undefined ? 0 : 1, value);
    } catch (error) {
      if (!(error instanceof Mismatch) || error.path !== "") throw error;
      throw new Mismatch(`${error.expected} or undefined`, error.found);
    }
  };
}

function storeEnum(type: Of<"enum">): Store {
  const store = storeCases(type);
  const numbers = new Map(type.cases.map((name, index) => [name, index]));
  const expected = `${showType(type)} (${oneOf(type.cases)})`;
  return (writer, at, value) => {
    const index = typeof value === "string" ? numbers.get(value) : undefined;
    if (index === undefined) throw mismatch(expected, value);
    store(writer, at, index, undefined);
  };
}

function storeFlags(type: Of<"flags">): Store {
  const numbers = new Map(type.names.map((name, index) => [camelCase(name), index]));
  const bytes = flagsBytes(type.names.length);
  const expected = `${showType(type)} (an object of booleans)`;
  return (writer, at, value) => {
    if (!isObject(value)) throw mismatch(expected, value);
    for (const key in value) {
      const index = numbers.get(key);
      if (index === undefined) throw surplus("flag", type, key);
      const flag = value[key];
      if (flag === undefined || flag === false) continue;
      if (flag !== true) throw within(mismatch("true or false", flag), `.${key}`);
      // Bit by bit: little endian, whatever the words' size.
      const place = HEAD_BYTES + at + (index >> 3);
      if (index >> 3 < bytes) writer.bytes[place] = (writer.bytes[place] as number) | (1 << (index & 7));
    }
  };
}

function storeHandle(type: HandleType): Store {
  const expected = `${showType(type)} (a resource of that type)`;
  return (writer, at, value) => {
    const handle = writer.resources?.lower(type, value);
    if (handle === undefined) throw mismatch(expected, value);
    writer.view.setUint32(HEAD_BYTES + at, handle, true);
  };
}
