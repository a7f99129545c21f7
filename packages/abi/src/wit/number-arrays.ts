import type { WitType } from "./types.js";

/** A typed array. */
export type NumberArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

interface NumberArrayConstructor {
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer): NumberArray;
}

const arrays: ReadonlyMap<string, NumberArrayConstructor> = new Map<string, NumberArrayConstructor>([
  ["s8", Int8Array],
  ["u8", Uint8Array],
  ["s16", Int16Array],
  ["u16", Uint16Array],
  ["s32", Int32Array],
  ["u32", Uint32Array],
  ["s64", BigInt64Array],
  ["u64", BigUint64Array],
  ["f32", Float32Array],
  ["f64", Float64Array],
]);

/** The typed array that stands for a list of such elements; `undefined` where a plain array does. */
export function elementArrayOf(element: WitType): NumberArrayConstructor | undefined {
  return arrays.get(element.kind);
}

// Of all typed arrays, and of other windows' and contexts' too, where `instanceof` knows none.
const nameOf = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)?.get as (this: unknown) => string | undefined;

/** Name of a typed array's class; `undefined` for anything else. */
export function numberArrayName(value: unknown): string | undefined {
  return nameOf.call(value);
}

/** Whether a value is a typed array of that class. */
export function isNumberArray(value: unknown, name: string): value is NumberArray {
  return nameOf.call(value) === name;
}
