import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { TwinwallError } from "@twinwall/abi";
import type { Platform } from "../platform.js";

/** A page or a Worker in a browser: there is no KVM. */
export const platform: Platform = {
  sha256(...pieces) {
    const hash = sha256.create();
    for (const piece of pieces)
      hash.update(typeof piece === "string" ? new TextEncoder().encode(piece) : piece);
    return hex(hash.digest());
  },

  hmacSha256(key, ...pieces) {
    const keyed = hmac.create(sha256, key);
    for (const piece of pieces) keyed.update(piece);
    return hex(keyed.digest());
  },

  environment: () => undefined,

  openKvm: () =>
    Promise.reject(
      new TwinwallError("E_NO_MACHINE", 'KVM is a part of Linux, and this is a browser; use machine "soft"'),
    ),
};

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
