import { sha256 } from "@noble/hashes/sha2.js";
import { TwinwallError } from "@twinwall/abi";
import type { Platform } from "../platform.js";

/** A page or a Worker in a browser: there is no KVM. */
export const platform: Platform = {
  sha256(...pieces) {
    const hash = sha256.create();
    for (const piece of pieces)
      hash.update(typeof piece === "string" ? new TextEncoder().encode(piece) : piece);
    return Array.from(hash.digest(), (byte) => byte.toString(16).padStart(2, "0")).join("");
  },

  environment: () => undefined,

  openKvm: () =>
    Promise.reject(
      new TwinwallError("E_NO_MACHINE", 'KVM is a part of Linux, and this is a browser; use machine "soft"'),
    ),
};
