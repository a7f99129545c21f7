import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import initWabt from "wabt";

const SOURCES = new URL("../wat/", import.meta.url);

/** The modules of test/wat in binary form, in a directory of their own; `dispose` removes it. */
export interface Modules {
  readonly directory: string;
  path(name: string): string;
  dispose(): void;
}

/** Builds all modules of test/wat. */
export async function buildModules(): Promise<Modules> {
  const wabt = await initWabt();
  const directory = mkdtempSync(join(tmpdir(), "twinwall-cli-"));
  for (const file of readdirSync(SOURCES)) {
    const module = wabt.parseWat(file, readFileSync(new URL(file, SOURCES), "utf8"));
    const { buffer } = module.toBinary({ write_debug_names: true });
    writeFileSync(join(directory, file.replace(/\.wat$/, ".wasm")), buffer);
    module.destroy();
  }
  return {
    directory,
    path: (name) => join(directory, name),
    dispose: () => rmSync(directory, { recursive: true }),
  };
}
