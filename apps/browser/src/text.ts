import { type FunctionInfo, type LimitOptions, type ScalarValue, TwinwallError } from "@twinwall/sandbox";

/** What a call can come to. */
export type CallResult = Uint8Array | ScalarValue | ScalarValue[] | undefined;

/** Limits as the page's fields have them. */
export interface LimitTexts {
  readonly memory: string;
  readonly deadline: string;
  readonly fuel: string;
}

/** Longest text that is shown, characters: a browser needs long to lay out more. */
const SHOWN = 10_000;

/** Limits as texts: what is no limit stays as it is, and is refused by whoever checks limits. */
export function readLimits({ memory, deadline, fuel }: LimitTexts): LimitOptions {
  const amount = fuel.trim();
  return {
    memory: memory.trim(),
    deadline: deadline.trim(),
    fuel: /^\d+$/.test(amount) ? BigInt(amount) : amount,
  } as LimitOptions;
}

/**
 * Arguments of a function on scalars, from a JSON list; nothing is an empty list. An i64 may be a string, and must be
 * one where a JSON number is not exact; so must NaN and the infinities be. What does not fit its type stays as it is,
 * and is refused by the call.
 *
 * @throws TwinwallError `E_TYPE` when the text is no JSON list.
 */
export function readArguments({ parameters }: Pick<FunctionInfo, "parameters">, text: string): ScalarValue[] {
  const values = parseList(text.trim() === "" ? "[]" : text);
  return values.map((value, index) => scalarOf(parameters[index], value) as ScalarValue);
}

function parseList(text: string): unknown[] {
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TwinwallError("E_TYPE", `the arguments are not JSON: ${reason}`, { cause });
  }
  if (Array.isArray(values)) return values;
  throw new TwinwallError("E_TYPE", "the arguments must be a JSON list, for example [1, 2]");
}

const notFinite = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
]);

function scalarOf(type: string | undefined, value: unknown): unknown {
  if (type === "i64") {
    if (Number.isSafeInteger(value)) return BigInt(value as number);
    return typeof value === "string" && /^-?\d{1,20}$/.test(value) ? BigInt(value) : value;
  }
  const isFloat = type === "f32" || type === "f64";
  return isFloat && typeof value === "string" ? (notFinite.get(value) ?? value) : value;
}

/** Arguments to begin with, of the right types. */
export function sampleInput({ bytes, parameters }: Pick<FunctionInfo, "bytes" | "parameters">): string {
  if (bytes) return "hello";
  return JSON.stringify(parameters.map((type) => (type === "i64" ? "10" : 10)));
}

/** A function's name and shape, one line. */
export function signatureText({ name, bytes, parameters, results }: FunctionInfo): string {
  if (bytes) return `${name} (bytes) → bytes`;
  return `${name} (${parameters.join(", ")}) → ${results.join(", ") || "nothing"}`;
}

/** A result for people. Scalars are JSON, i64 and what JSON has no number for as strings. */
export function resultText(result: CallResult): string {
  if (result instanceof Uint8Array) return bytesText(result);
  if (result === undefined) return "(no result)";
  return Array.isArray(result) ? `[${result.map(scalarText).join(", ")}]` : scalarText(result);
}

function scalarText(value: ScalarValue): string {
  return typeof value === "number" && Number.isFinite(value)
    ? JSON.stringify(value)
    : JSON.stringify(`${value}`);
}

/** UTF-8 text as such, other bytes in hexadecimal. */
function bytesText(bytes: Uint8Array): string {
  if (bytes.length === 0) return "(0 bytes)";
  try {
    return cut(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes), bytes.length);
  } catch {
    const shown = Array.from(bytes.subarray(0, SHOWN / 2), (byte) => byte.toString(16).padStart(2, "0"));
    return cut(`${bytes.length} bytes: ${shown.join(" ")}`, bytes.length);
  }
}

function cut(text: string, bytes: number): string {
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)} … (${bytes} bytes in all)`;
}

/** `12 µs`, `3.4 ms`, `1.20 s`. */
export function timeText(milliseconds: number): string {
  if (milliseconds < 1) return `${Math.round(milliseconds * 1000)} µs`;
  if (milliseconds < 1000) return `${milliseconds.toFixed(milliseconds < 10 ? 2 : 1)} ms`;
  return `${(milliseconds / 1000).toFixed(2)} s`;
}

/** Whole KiB. */
export function sizeText(bytes: number): string {
  return `${Math.round(bytes / 1024).toLocaleString("en-US")} KiB`;
}
