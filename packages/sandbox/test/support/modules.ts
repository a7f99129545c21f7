import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import wabtInit from "wabt";

// Compiled modules are kept apart from the user's, and from run to run.
process.env["TWINWALL_CACHE_DIR"] ??= fileURLToPath(new URL("../../.cache/compiled", import.meta.url));

const wabt = await wabtInit();

/** Assembles WebAssembly text, names included. */
export function assemble(text: string): Uint8Array {
  const module = wabt.parseWat("module.wat", text, { multi_value: true });
  try {
    return Uint8Array.from(module.toBinary({ write_debug_names: true }).buffer);
  } finally {
    module.destroy();
  }
}

/** Assembles `test/modules/NAME.wat`. */
export function moduleOf(name: string): Uint8Array {
  return assemble(readFileSync(new URL(`../modules/${name}.wat`, import.meta.url), "utf8"));
}

/** UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Text of UTF-8 bytes. */
export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
