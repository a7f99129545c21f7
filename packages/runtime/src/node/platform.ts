import { createHash, createHmac } from "node:crypto";
import type { Platform } from "../platform.js";

/** Node. */
export const platform: Platform = {
  sha256(...pieces) {
    const hash = createHash("sha256");
    for (const piece of pieces) hash.update(piece);
    return hash.digest("hex");
  },

  hmacSha256(key, ...pieces) {
    const hmac = createHmac("sha256", key);
    for (const piece of pieces) hmac.update(piece);
    return hmac.digest("hex");
  },

  environment: (name) => process.env[name],

  async openKvm(isolation) {
    const { openKvmDriver, openWalledKvmDriver } = await import("@twinwall/vmm-kvm");
    return isolation === "process" ? openWalledKvmDriver() : openKvmDriver();
  },
};
