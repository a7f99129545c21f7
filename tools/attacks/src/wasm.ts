import { fileURLToPath } from "node:url";
import wabtInit from "wabt";

// Compiled modules are kept apart from the user's, and from run to run.
process.env["TWINWALL_CACHE_DIR"] ??= fileURLToPath(new URL("../.cache/compiled", import.meta.url));

const wabt = await wabtInit();

/** Assembles WebAssembly text. */
export function assemble(text: string): Uint8Array {
  const module = wabt.parseWat("module.wat", text, { bulk_memory: true, multi_value: true });
  try {
    return Uint8Array.from(module.toBinary({ write_debug_names: true }).buffer);
  } finally {
    module.destroy();
  }
}
