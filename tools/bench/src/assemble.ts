import wabtInit from "wabt";

/** Assembles a guest's WebAssembly text, names included. */
export async function assemble(text: string): Promise<Uint8Array> {
  const wabt = await wabtInit();
  const module = wabt.parseWat("guest.wat", text);
  try {
    return Uint8Array.from(module.toBinary({ write_debug_names: true }).buffer);
  } finally {
    module.destroy();
  }
}
