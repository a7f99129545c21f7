// The container of snapshots, written down a second time: what it says of itself is compared with what its reader says.
import { createHash, createHmac } from "node:crypto";

const MAGIC = "TWINSNAP";
const DIGEST = 32;

/** Bytes in front of the header. */
export const HEAD_BYTES = 64;

/** What authenticates a snapshot here, where something does. */
export const KEY = new Uint8Array(32).fill(9);

/** A key of somebody else's. */
export const OTHER_KEY = new Uint8Array(32).fill(10);

/** The digest that belongs to a container. */
function digestOf(bytes: Uint8Array, key: Uint8Array | undefined): Buffer {
  const hash =
    key === undefined
      ? createHash("sha256")
      : createHmac("sha256", createHash("sha256").update(key).digest());
  return hash.update(bytes.subarray(0, DIGEST)).update(bytes.subarray(HEAD_BYTES)).digest();
}

/** Whether its digest is the one that belongs to it. */
export function isSealed(bytes: Uint8Array, key: Uint8Array | undefined): boolean {
  return (
    bytes.length >= HEAD_BYTES && digestOf(bytes, key).equals(Buffer.from(bytes.subarray(DIGEST, HEAD_BYTES)))
  );
}

/** Writes the digest that belongs to it. */
export function seal(bytes: Uint8Array, key: Uint8Array | undefined): Uint8Array {
  if (bytes.length >= HEAD_BYTES) bytes.set(digestOf(bytes, key), DIGEST);
  return bytes;
}

/** A container of this header and these bytes, with all lengths as they should be, and sealed. */
export function pack(text: Uint8Array, payload: Uint8Array, key: Uint8Array | undefined): Uint8Array {
  const bytes = new Uint8Array(HEAD_BYTES + text.length + payload.length);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(MAGIC));
  view.setUint32(8, 1, true);
  view.setUint32(12, text.length, true);
  view.setBigUint64(16, BigInt(bytes.length), true);
  view.setUint32(24, key === undefined ? 0 : 1, true);
  bytes.set(text, HEAD_BYTES);
  bytes.set(payload, HEAD_BYTES + text.length);
  return seal(bytes, key);
}

/** Header and payload of whatever bytes. */
export function unpack(bytes: Uint8Array): { text: Uint8Array; payload: Uint8Array } {
  if (bytes.length < HEAD_BYTES) return { text: bytes, payload: new Uint8Array(0) };
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(12, true);
  const end = Math.min(HEAD_BYTES + length, bytes.length);
  return { text: bytes.subarray(HEAD_BYTES, end), payload: bytes.subarray(end) };
}

/** A header as text. */
export function toText(header: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(header));
}

/** The header of that text; `undefined` where it is none. */
export function parseText(text: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(text));
  } catch {
    return undefined;
  }
}
