import { formatBacktrace, type WasmFrame } from "./backtrace.js";
import { type ErrorCode, isErrorCode } from "./codes.js";

/** What a {@link TwinwallError} may carry besides code and message. */
export interface TwinwallErrorOptions {
  /** What led to the error: a host function's own error, a file system error. */
  readonly cause?: unknown;
  /** WebAssembly frames, innermost first. Default: none. */
  readonly backtrace?: readonly WasmFrame[];
  /** The guest's own number, of `E_GUEST_ERROR`. */
  readonly guestCode?: number;
  /** The error's value, of a typed function that returned an error: `E_GUEST_ERROR`. */
  readonly payload?: unknown;
}

/**
 * The one error class of Twinwall.
 *
 * `message` starts with the code; `rawMessage` is the same text without it.
 *
 * @example
 * ```ts
 * const error = new TwinwallError("E_NO_FUNCTION", 'no function "fob"');
 * error.message; // => "E_NO_FUNCTION: no function \"fob\""
 * error instanceof TwinwallError; // => true
 * ```
 */
export class TwinwallError extends Error {
  declare readonly name: "TwinwallError";
  /** Why, as one of a closed set of codes. */
  readonly code: ErrorCode;
  /** The message without the code in front. */
  readonly rawMessage: string;
  /** WebAssembly frames, innermost first; empty where there are none. */
  readonly backtrace: readonly WasmFrame[];
  /** The guest's own number, of `E_GUEST_ERROR`. */
  readonly guestCode: number | undefined;
  /** The error's value, of a typed function that returned an error: `E_GUEST_ERROR`. */
  readonly payload: unknown;

  static {
    // On the prototype: there already when the stack is captured, and the same in minified code.
    Object.defineProperty(TwinwallError.prototype, "name", {
      value: "TwinwallError",
      writable: true,
      configurable: true,
    });
  }

  constructor(code: ErrorCode, message: string, options: TwinwallErrorOptions = {}) {
    super(`${code}: ${message}`, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.rawMessage = message;
    this.backtrace = options.backtrace ?? [];
    this.guestCode = options.guestCode;
    this.payload = options.payload;
  }

  /** The backtrace for people, a frame a line; empty where there is none. */
  formatBacktrace(): string {
    return formatBacktrace(this.backtrace);
  }

  /**
   * Returns `value` itself if it is a `TwinwallError`, else a new error with `value` as its cause.
   *
   * @param code Code of the new error. Default `E_INTERNAL`; an `AbortError` is always `E_ABORTED`.
   */
  static from(value: unknown, code: ErrorCode = "E_INTERNAL"): TwinwallError {
    if (value instanceof TwinwallError) return value;
    if (value instanceof Error) {
      const chosen = value.name === "AbortError" ? "E_ABORTED" : code;
      return new TwinwallError(chosen, value.message || value.name, { cause: value });
    }
    return new TwinwallError(code, describe(value), { cause: value });
  }

  /** By shape, so that errors of a second copy of this package count too. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (!(value instanceof Error) || value.name !== "TwinwallError") return false;
    return "code" in value && isErrorCode(value.code) && "rawMessage" in value && "backtrace" in value;
  }
}

function describe(value: unknown): string {
  try {
    return String(value);
  } catch {
    return "a value that cannot be shown";
  }
}
