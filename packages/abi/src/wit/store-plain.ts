import { HEAD_BYTES } from "./frame.js";
import { mismatch } from "./mismatch.js";
import type { Store } from "./store.js";
import type { PlainKind } from "./types.js";
import { isWellFormed } from "./writer.js";

/** What writes values of a type without parts. */
export function storeOfPlain(kind: PlainKind): Store {
  return stores[kind];
}

type Put = (view: DataView, at: number, value: number) => void;

function integer(name: string, low: number, high: number, put: Put): Store {
  const expected = `${name} (a whole number from ${low} to ${high})`;
  return (writer, at, value) => {
    if (typeof value !== "number" || !Number.isInteger(value) || value < low || value > high) {
      throw mismatch(expected, value);
    }
    put(writer.view, HEAD_BYTES + at, value);
  };
}

function bigInteger(name: string, low: bigint, high: bigint): Store {
  const expected = `${name} (a bigint from ${low} to ${high})`;
  return (writer, at, value) => {
    if (typeof value !== "bigint" || value < low || value > high) throw mismatch(expected, value);
    // Two's complement: the same bits for both.
    writer.view.setBigInt64(HEAD_BYTES + at, value, true);
  };
}

function isChar(value: unknown): value is string {
  if (typeof value !== "string" || value.length === 0 || value.length > 2) return false;
  return value.length === ((value.codePointAt(0) ?? 0) > 0xffff ? 2 : 1) && isWellFormed(value);
}

const stores: Readonly<Record<PlainKind, Store>> = {
  bool: (writer, at, value) => {
    if (typeof value !== "boolean") throw mismatch("bool (true or false)", value);
    writer.bytes[HEAD_BYTES + at] = value ? 1 : 0;
  },
  s8: integer("s8", -128, 127, (view, at, value) => view.setInt8(at, value)),
  u8: integer("u8", 0, 255, (view, at, value) => view.setUint8(at, value)),
  s16: integer("s16", -32768, 32767, (view, at, value) => view.setInt16(at, value, true)),
  u16: integer("u16", 0, 65535, (view, at, value) => view.setUint16(at, value, true)),
  s32: integer("s32", -(2 ** 31), 2 ** 31 - 1, (view, at, value) => view.setInt32(at, value, true)),
  u32: integer("u32", 0, 2 ** 32 - 1, (view, at, value) => view.setUint32(at, value, true)),
  s64: bigInteger("s64", -(2n ** 63n), 2n ** 63n - 1n),
  u64: bigInteger("u64", 0n, 2n ** 64n - 1n),
  f32: (writer, at, value) => {
    if (typeof value !== "number") throw mismatch("f32 (a number)", value);
    // The one NaN that the component model has.
    if (Number.isNaN(value)) writer.view.setUint32(HEAD_BYTES + at, 0x7fc00000, true);
    else writer.view.setFloat32(HEAD_BYTES + at, value, true);
  },
  f64: (writer, at, value) => {
    if (typeof value !== "number") throw mismatch("f64 (a number)", value);
    if (Number.isNaN(value)) writer.view.setBigUint64(HEAD_BYTES + at, 0x7ff8000000000000n, true);
    else writer.view.setFloat64(HEAD_BYTES + at, value, true);
  },
  char: (writer, at, value) => {
    if (!isChar(value)) throw mismatch("char (a string of one character)", value);
    writer.view.setUint32(HEAD_BYTES + at, value.codePointAt(0) ?? 0, true);
  },
  string: (writer, at, value) => {
    if (typeof value !== "string") throw mismatch("string", value);
    if (value === "") return;
    const pointer = writer.end;
    const length = writer.text(value);
    writer.view.setUint32(HEAD_BYTES + at, pointer, true);
    writer.view.setUint32(HEAD_BYTES + at + 4, length, true);
  },
};
