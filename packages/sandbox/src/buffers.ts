import { encodeBatch, show, TwinwallError } from "@twinwall/abi";

/**
 * Tells whether `value` may be the buffer of a call: a `Uint8Array` over plain memory. Shared memory could change
 * while it is checked, a resizable buffer could shrink under a copy.
 */
export function isCallBuffer(value: unknown): value is Uint8Array {
  if (!(value instanceof Uint8Array)) return false;
  const buffer = value.buffer as ArrayBufferLike & { readonly resizable?: boolean };
  return buffer instanceof ArrayBuffer && !buffer.resizable;
}

/** The error for what {@link isCallBuffer} refuses. */
export function bufferError(value: unknown, what: string): TwinwallError {
  return new TwinwallError("E_TYPE", `${what}: expected a Uint8Array, found ${showBuffer(value)}`);
}

/** Shows a value where a buffer belongs: of a `Uint8Array`, what may be wrong with it. */
export function showBuffer(value: unknown): string {
  if (!(value instanceof Uint8Array)) return show(value);
  if (!(value.buffer instanceof ArrayBuffer)) return "a Uint8Array over a SharedArrayBuffer";
  const plain: boolean = isCallBuffer(value);
  return plain ? `a Uint8Array of ${value.length} bytes` : "a Uint8Array over a resizable ArrayBuffer";
}

/**
 * The bytes of a batch.
 *
 * @throws TwinwallError `E_TYPE` naming what is no buffer.
 */
export function batchOf(inputs: readonly Uint8Array[]): Uint8Array {
  if (!Array.isArray(inputs))
    throw new TwinwallError("E_TYPE", "callMany: inputs must be a list of Uint8Array");
  inputs.forEach((input, index) => {
    if (!isCallBuffer(input)) throw bufferError(input, `callMany, input ${index}`);
  });
  return encodeBatch(inputs);
}
