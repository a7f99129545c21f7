import { TwinwallError } from "@twinwall/abi";
import type { ImageSource } from "../images.js";

const loaded = new Map<string, Uint8Array>();

/** The image of the soft machine, by its URL. */
export const images: ImageSource = {
  async prepare(file) {
    if (!loaded.has(file)) loaded.set(file, await fetchImage(file));
  },

  load(file) {
    const bytes = loaded.get(file);
    if (bytes !== undefined) return bytes;
    throw new TwinwallError("E_NO_FILE", `image ${file} was not loaded before it was needed`);
  },
};

async function fetchImage(file: string): Promise<Uint8Array> {
  if (file !== "wasm.wasm") throw new TwinwallError("E_UNSUPPORTED", `image ${file} is none of a browser's`);
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
