import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { WASI } from "node:wasi";
import type { ProgramVector } from "../src/index.js";

/** What a run left behind. */
export interface ReferenceRun {
  readonly exitCode: number;
  readonly stdout: Uint8Array;
  readonly stderr: string;
}

/** Runs a vector with Node's own WASI: an implementation that shares nothing with Twinwall's. */
export async function runReference(module: WebAssembly.Module, vector: ProgramVector): Promise<ReferenceRun> {
  const directory = mkdtempSync(join(tmpdir(), "programs-"));
  const tree = join(directory, "tree");
  mkdirSync(tree);
  for (const [path, content] of Object.entries(vector.files)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), content);
  }
  writeFileSync(join(directory, "stdin"), vector.stdin);
  const [stdin, stdout, stderr] = [
    openSync(join(directory, "stdin"), "r"),
    openSync(join(directory, "stdout"), "w"),
    openSync(join(directory, "stderr"), "w"),
  ];
  try {
    const wasi = new WASI({
      version: "preview1",
      args: [...vector.args],
      env: { ...vector.env },
      preopens: { "/": tree },
      returnOnExit: true,
      stdin,
      stdout,
      stderr,
    });
    const imports = wasi.getImportObject() as WebAssembly.Imports;
    const exitCode = wasi.start(await WebAssembly.instantiate(module, imports)) as unknown as number;
    return {
      exitCode,
      stdout: new Uint8Array(readFileSync(join(directory, "stdout"))),
      stderr: readFileSync(join(directory, "stderr"), "utf8"),
    };
  } finally {
    for (const file of [stdin, stdout, stderr]) closeSync(file);
    rmSync(directory, { recursive: true });
  }
}
