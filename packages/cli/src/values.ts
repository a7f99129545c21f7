import { type ScalarKind, TwinwallError } from "@twinwall/abi";
import { UsageError } from "./failure.js";

/** What a scalar parameter takes and a scalar result is in JavaScript. */
export type Scalar = number | bigint;

/** Anything that JSON can say. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const NOT_FINITE = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
]);

/**
 * Fits the values of `--args` to a function's parameters. An i64 may be a string, and must be one where a JSON
 * number is not exact; of a float, `"NaN"`, `"Infinity"` and `"-Infinity"` are strings. `E_TYPE` for anything else.
 */
export function toScalars(values: readonly unknown[], types: readonly ScalarKind[], name: string): Scalar[] {
  if (values.length !== types.length) {
    throw new TwinwallError(
      "E_TYPE",
      `${name} takes (${types.join(", ")}), --args has ${values.length} values`,
    );
  }
  return types.map((type, index) => toScalar(values[index], type, index));
}

/** Reads the text of `--args`, which must be a JSON array. */
export function parseArguments(text: string): unknown[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new UsageError("--args is not JSON");
  }
  if (!Array.isArray(parsed)) throw new UsageError("--args must be a JSON array, for example [1, 2]");
  return parsed as unknown[];
}

function toScalar(value: unknown, type: ScalarKind, index: number): Scalar {
  const scalar = type === "i64" ? toI64(value) : type === "i32" ? toI32(value) : toFloat(value);
  if (scalar !== undefined) return scalar;
  throw new TwinwallError("E_TYPE", `--args: value ${index} is no ${type}: ${JSON.stringify(value)}`);
}

function toI32(value: unknown): number | undefined {
  return Number.isInteger(value) && (value as number) >= -(2 ** 31) && (value as number) < 2 ** 31
    ? (value as number)
    : undefined;
}

function toI64(value: unknown): bigint | undefined {
  if (Number.isSafeInteger(value)) return BigInt(value as number);
  if (typeof value !== "string" || !/^-?\d{1,19}$/.test(value)) return undefined;
  const exact = BigInt(value);
  return exact >= -(2n ** 63n) && exact < 2n ** 63n ? exact : undefined;
}

function toFloat(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  return typeof value === "string" ? NOT_FINITE.get(value) : undefined;
}

/** A 64-bit integer in JSON, which has no notation of its own for one. */
const BIG = /^-?\d{1,20}n$/;

/** A value of `--args` for a typed function: a string such as `"5n"` is a 64-bit integer, `null` is an absent option. */
export function toTyped(value: unknown): unknown {
  if (value === null) return undefined;
  if (typeof value === "string") return BIG.test(value) ? BigInt(value.slice(0, -1)) : value;
  if (Array.isArray(value)) return value.map(toTyped);
  if (typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, toTyped(part)]));
}

/** A result as JSON: an i64 and what JSON has no number for become strings, no result is `null`. */
export function toJson(value: unknown): Json {
  if (value === undefined || value === null) return null;
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as Iterable<number | bigint>, toJson);
  if (typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, toJson(part)]));
  }
  throw new TypeError(`not a result: ${typeof value}`);
}
