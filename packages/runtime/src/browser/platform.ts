import { sha256 } from "@noble/hashes/sha2.js";
import { TwinwallError } from "@twinwall/abi";
import { type ImageName, imageFile } from "../images.js";
import type { Platform } from "../platform.js";

const loaded = new Map<string, Uint8Array>();

/** A page or a Worker in a browser: the image comes by URL, and there is no KVM. */
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

  async prepareImage(name, machine) {
    const file = imageFile(name, machine);
    if (!loaded.has(file)) loaded.set(file, await fetchImage(name, file));
  },

  loadImage(name, machine) {
    const file = imageFile(name, machine);
    const bytes = loaded.get(file);
    if (bytes !== undefined) return bytes;
    throw new TwinwallError("E_NO_FILE", `image ${file} was not loaded before it was needed`);
  },
};

async function fetchImage(name: ImageName, file: string): Promise<Uint8Array> {
  if (name !== "wasm") throw new TwinwallError("E_UNSUPPORTED", `image ${file} is none of a browser's`);
  // Bundlers look for exactly this form, all of it literal.
  const address = new URL("../images/wasm.wasm", import.meta.url);
  try {
    const response = await fetch(address);
    if (!response.ok) throw new Error(`the server answered with status ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TwinwallError("E_NO_FILE", `image ${file} cannot be loaded from ${address.href}: ${reason}`, {
      cause,
    });
  }
}
