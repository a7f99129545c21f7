import { TwinwallError } from "./error.js";

/** A size: a number of bytes, or text such as `"16MiB"` (units `B`, `KiB`, `MiB`, `GiB`). */
export type Size = number | `${number}${"B" | "KiB" | "MiB" | "GiB"}`;

/** A time: a number of milliseconds, or text such as `"50ms"` (units `us`, `ms`, `s`). */
export type Duration = number | `${number}${"us" | "ms" | "s"}`;

const sizeUnits: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };
const microseconds: Readonly<Record<string, number>> = { us: 1, ms: 1000, s: 1_000_000 };

/**
 * Reads a size in bytes: a whole number of bytes, or text `^\d+(B|KiB|MiB|GiB)$`.
 *
 * @param name Name of the option, for the error.
 * @throws TwinwallError `E_OPTION` for anything else.
 * @example
 * ```ts
 * parseSize("16MiB", "memory"); // => 16777216
 * ```
 */
export function parseSize(value: unknown, name: string): number {
  if (typeof value === "number") {
    if (Number.isSafeInteger(value) && value >= 0) return value;
  } else if (typeof value === "string") {
    const match = /^(\d+)(B|KiB|MiB|GiB)$/.exec(value);
    const bytes = match === null ? Number.NaN : Number(match[1]) * (sizeUnits[match[2] ?? ""] ?? Number.NaN);
    if (Number.isSafeInteger(bytes)) return bytes;
  }
  throw new TwinwallError(
    "E_OPTION",
    `${name}: ${show(value)} is no size; give a number of bytes, or digits with B, KiB, MiB or GiB, such as "16MiB"`,
  );
}

/**
 * Reads a time in whole microseconds: a number of milliseconds (fractions allowed), or text `^\d+(us|ms|s)$`.
 *
 * @param name Name of the option, for the error.
 * @throws TwinwallError `E_OPTION` for anything else, zero included.
 * @example
 * ```ts
 * parseDuration("50ms", "deadline"); // => 50000
 * parseDuration(0.5, "deadline"); // => 500
 * ```
 */
export function parseDuration(value: unknown, name: string): number {
  let result = Number.NaN;
  if (typeof value === "number") {
    result = Math.round(value * 1000);
  } else if (typeof value === "string") {
    const match = /^(\d+)(us|ms|s)$/.exec(value);
    if (match !== null) result = Number(match[1]) * (microseconds[match[2] ?? ""] ?? Number.NaN);
  }
  if (Number.isSafeInteger(result) && result > 0) return result;
  throw new TwinwallError(
    "E_OPTION",
    `${name}: ${show(value)} is no time; give a number of milliseconds above 0, or digits with us, ms or s, such as "50ms"`,
  );
}

/**
 * Reads a count: a whole number, 0 or more.
 *
 * @throws TwinwallError `E_OPTION` for anything else.
 */
export function parseCount(value: unknown, name: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new TwinwallError("E_OPTION", `${name}: ${show(value)} is no count; give a whole number, 0 or more`);
}

/** Shows an option's value in an error, bounded. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  if (typeof value === "bigint") return showBigint(value);
  if (value === null || typeof value === "number" || typeof value === "boolean") return String(value);
  if (value === undefined) return "undefined";
  return typeof value === "function"
    ? "a function"
    : `a value of type ${Object.prototype.toString.call(value).slice(8, -1)}`;
}

/** Few of its digits, where there are many: all of them may take long to write. */
function showBigint(value: bigint): string {
  return BigInt.asIntN(256, value) === value
    ? `${value}n`
    : `a bigint ${value < 0n ? "below -" : "above "}2^255`;
}
