import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import ts from "typescript";

// Inside this package, so that the programs find the packages that it depends on.
const workFolder = fileURLToPath(new URL("../.cache/", import.meta.url));

/** How a program ended. */
export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a TypeScript program with Node, in a folder of its own with the given modules.
 *
 * @param modules name without `.wasm` to WebAssembly text
 */
export async function runProgram(program: string, modules: ReadonlyMap<string, string>): Promise<Outcome> {
  mkdirSync(workFolder, { recursive: true });
  const folder = mkdtempSync(join(workFolder, "example-"));
  try {
    // Modules and components.
    for (const [name, text] of modules) writeFileSync(join(folder, `${name}.wasm`), await parse(text));
    writeFileSync(join(folder, "main.mjs"), transpile(program));
    const { status, stdout, stderr } = spawnSync(process.execPath, ["main.mjs"], {
      cwd: folder,
      encoding: "utf8",
      timeout: 120_000,
    });
    return { status, stdout, stderr };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// Node 20 knows no `using`: TypeScript writes it out.
function transpile(program: string): string {
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
  return ts.transpileModule(program, { compilerOptions }).outputText;
}
