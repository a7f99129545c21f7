import { sha256 as synchronous } from "@noble/hashes/sha2.js";

/** SHA-256 at once, in JavaScript. */
export function sha256Sync(bytes: Uint8Array): Uint8Array {
  return synchronous(bytes);
}

/** SHA-256 by the browser, off this thread; in JavaScript where it is not offered. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  // Only pages from a secure origin have it, whatever the types say.
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle;
  return subtle === undefined ? sha256Sync(bytes) : new Uint8Array(await subtle.digest("SHA-256", bytes));
}
