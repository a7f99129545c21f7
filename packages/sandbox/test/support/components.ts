import { readFileSync } from "node:fs";
import { componentEmbed, parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { assemble } from "./modules.js";

/** A core module with the WIT world that it follows, as tool chains that know no components leave it. */
export async function typedModule(wat: string, wit: string, world?: string): Promise<Uint8Array> {
  return await componentEmbed({
    binary: assemble(wat),
    witSource: wit,
    ...(world !== undefined && { world }),
  });
}

/** `test/modules/NAME.wat` with the world in `NAME.wit`. */
export async function typedModuleOf(name: string): Promise<Uint8Array> {
  const read = (ending: string) =>
    readFileSync(new URL(`../modules/${name}.${ending}`, import.meta.url), "utf8");
  return await typedModule(read("wat"), read("wit"));
}

/** Assembles a component. */
export async function component(text: string): Promise<Uint8Array> {
  return await parse(text);
}
