import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import wabtInit from "wabt";

// Compiled modules are kept apart from the user's, and from run to run.
process.env["TWINWALL_CACHE_DIR"] ??= fileURLToPath(new URL("../../.cache/compiled", import.meta.url));

const wabt = await wabtInit();

/** Assembles WebAssembly text, names included. */
export function assemble(text: string): Uint8Array {
  const module = wabt.parseWat("module.wat", text, { bulk_memory: true });
  try {
    return Uint8Array.from(module.toBinary({ write_debug_names: true }).buffer);
  } finally {
    module.destroy();
  }
}

/** A folder for the files of a test, removed with it. */
export class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "twinwall-envoy-"));

  /** Path of a file in it. */
  file(name: string): string {
    return join(this.path, name);
  }

  /** Writes a module; returns its path. */
  module(name: string, text: string): string {
    const path = this.file(`${name}.wasm`);
    writeFileSync(path, assemble(text));
    return path;
  }

  /** Assembles `test/guests/NAME.wat`; returns the module's path. */
  guest(name: string): string {
    return this.module(name, readFileSync(new URL(`../guests/${name}.wat`, import.meta.url), "utf8"));
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
