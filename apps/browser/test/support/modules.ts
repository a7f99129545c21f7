import { readFile } from "node:fs/promises";
import wabt from "wabt";

const { parseWat } = await wabt();

const features = { multi_value: true, reference_types: true, simd: true, threads: true } as const;

/** Assembles WebAssembly text, names included. */
export function assemble(text: string): Uint8Array<ArrayBuffer> {
  const module = parseWat("test.wat", text, features);
  try {
    return new Uint8Array(module.toBinary({ write_debug_names: true }).buffer);
  } finally {
    module.destroy();
  }
}

/** One of the page's examples, by its name. */
export async function example(name: string): Promise<Uint8Array<ArrayBuffer>> {
  return assemble(await readFile(new URL(`../../examples/${name}.wat`, import.meta.url), "utf8"));
}
