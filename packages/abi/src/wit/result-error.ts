/** Thrown by a host function whose WIT result is an error. Make it with {@link resultError}. */
export interface ResultError extends Error {
  /** The error's value, of the type that WIT gives it. */
  readonly payload: unknown;
}

const BRAND = Symbol.for("twinwall.result-error");

/**
 * An error to throw from a host function whose type is `result<_, E>`: the guest gets `payload` as its error, and goes on.
 * Anything else that a host function throws ends the call.
 *
 * @example
 * ```ts
 * isResultError(resultError("not-found")); // => true
 * isResultError(new Error("not-found")); // => false
 * ```
 */
export function resultError(payload?: unknown): ResultError {
  const error = new Error("a host function returned an error");
  Object.defineProperty(error, BRAND, { value: true });
  return Object.assign(error, { payload });
}

/** Whether `value` is an error that {@link resultError} made. */
export function isResultError(value: unknown): value is ResultError {
  return value instanceof Error && BRAND in value;
}
