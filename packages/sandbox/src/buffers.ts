import { show, TwinwallError } from "@twinwall/abi";

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
  return new TwinwallError("E_TYPE", `${what}: expected a Uint8Array, found ${describe(value)}`);
}

function describe(value: unknown): string {
  if (!(value instanceof Uint8Array)) return show(value);
  return value.buffer instanceof ArrayBuffer
    ? "one over a resizable ArrayBuffer"
    : "one over a SharedArrayBuffer";
}
