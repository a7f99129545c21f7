import { ValueType as Core } from "./generated/twinwall/abi/value-type.js";

/** Core WebAssembly types of scalars. */
export type ScalarKind = "i32" | "i64" | "f32" | "f64";

/** Any core WebAssembly type, as it is shown to people. */
export type CoreType = ScalarKind | "v128" | "funcref" | "externref" | "other";

/**
 * A type of a host function's parameter or result. `Value` is what TypeScript sees.
 * Make them with {@link t}.
 */
export interface ValueType<Value = unknown> {
  /** Name as it stands in messages. */
  readonly name: string;
  /** The core type that it travels as; `undefined` for bytes. */
  readonly core: ScalarKind | undefined;
  /** Tells whether `value` is one of this type; decides what a host function may return. */
  readonly accepts: (value: unknown) => value is Value;
  /** Describes what `accepts` takes. */
  readonly expected: string;
}

/** The TypeScript type of values of `T`. */
export type ValueOf<T> = T extends ValueType<infer Value> ? Value : never;

const isNumber = (value: unknown): value is number => typeof value === "number";
const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array;
const isBoolean = (value: unknown): value is boolean => typeof value === "boolean";

function whole(low: number, high: number): (value: unknown) => value is number {
  return (value): value is number =>
    Number.isInteger(value) && (value as number) >= low && (value as number) <= high;
}

function wholeBig(low: bigint, high: bigint): (value: unknown) => value is bigint {
  return (value): value is bigint => typeof value === "bigint" && value >= low && value <= high;
}

function define<Value>(
  name: string,
  core: ScalarKind | undefined,
  expected: string,
  accepts: (value: unknown) => value is Value,
): ValueType<Value> {
  return Object.freeze({ name, core, expected, accepts });
}

/**
 * Types of host functions' parameters and results.
 *
 * Scalars travel as core WebAssembly types: `i32`, `s32`, `u32` and `bool` as i32, `i64`, `s64` and `u64` as i64.
 * `i32` and `i64` are signed. 64-bit integers are bigints.
 *
 * @example
 * ```ts
 * t.u64.core; // => "i64"
 * t.i32.accepts(2 ** 31); // => false
 * ```
 */
export const t = Object.freeze({
  /** Signed 32-bit integer, a number. */
  i32: define("i32", "i32", "a whole number from -2147483648 to 2147483647", whole(-(2 ** 31), 2 ** 31 - 1)),
  /** The same as `i32`. */
  s32: define("s32", "i32", "a whole number from -2147483648 to 2147483647", whole(-(2 ** 31), 2 ** 31 - 1)),
  /** Unsigned 32-bit integer, a number. */
  u32: define("u32", "i32", "a whole number from 0 to 4294967295", whole(0, 2 ** 32 - 1)),
  /** A boolean, 0 or 1 as i32; anything but 0 is true. */
  bool: define("bool", "i32", "true or false", isBoolean),
  /** Signed 64-bit integer, a bigint. */
  i64: define("i64", "i64", "a bigint from -2^63 to 2^63-1", wholeBig(-(2n ** 63n), 2n ** 63n - 1n)),
  /** The same as `i64`. */
  s64: define("s64", "i64", "a bigint from -2^63 to 2^63-1", wholeBig(-(2n ** 63n), 2n ** 63n - 1n)),
  /** Unsigned 64-bit integer, a bigint. */
  u64: define("u64", "i64", "a bigint from 0 to 2^64-1", wholeBig(0n, 2n ** 64n - 1n)),
  /** 32-bit float, a number (rounded). */
  f32: define("f32", "f32", "a number", isNumber),
  /** 64-bit float, a number. */
  f64: define("f64", "f64", "a number", isNumber),
  /** A byte vector. A host function on bytes has it as its one parameter. */
  bytes: define("bytes", undefined, "a Uint8Array", isBytes),
});

const coreNames = new Map<number, CoreType>([
  [Core.I32, "i32"],
  [Core.I64, "i64"],
  [Core.F32, "f32"],
  [Core.F64, "f64"],
  [Core.V128, "v128"],
  [Core.FuncRef, "funcref"],
  [Core.ExternRef, "externref"],
]);

const coreNumbers: Readonly<Record<ScalarKind, Core>> = {
  i32: Core.I32,
  i64: Core.I64,
  f32: Core.F32,
  f64: Core.F64,
};

/** Name of a core type's number on the wire. */
export function coreTypeOf(number: number): CoreType {
  return coreNames.get(number) ?? "other";
}

/** Number of a scalar type on the wire. */
export function coreNumberOf(kind: ScalarKind): Core {
  return coreNumbers[kind];
}

/** Tells whether a core type is a scalar. */
export function isScalar(type: CoreType): type is ScalarKind {
  return type === "i32" || type === "i64" || type === "f32" || type === "f64";
}

/** Shows a signature: `(i32, i64) -> f64`. */
export function showSignature(parameters: readonly string[], results: readonly string[]): string {
  const result = results.length === 1 ? results[0] : `(${results.join(", ")})`;
  return `(${parameters.join(", ")}) -> ${result}`;
}
