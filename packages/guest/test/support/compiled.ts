import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  clangProblem,
  compileAssemblyScript,
  compileAssemblyScriptProject,
  compileC,
  packageDirectory,
} from "../../scripts/compile.mjs";
import { examples } from "../../scripts/examples.mjs";

/** The options by which an example in C is built. */
export function clangOptions(name: string): string[] {
  const options = examples.find((example) => example.name === name)?.options;
  if (options === undefined) throw new Error(`no example in C is called ${name}`);
  return options;
}

/** Why clang cannot build this one here, for a test to be skipped with; `undefined` where it can. */
export function missingClang(options: readonly string[]): string | undefined {
  const problem = clangProblem([...options]);
  return problem === undefined ? undefined : `clang cannot build for WebAssembly here: ${problem}`;
}

/** Compiles C or C++, of one file or two; a warning is an error. */
export function compiledC(text: string, options: readonly string[], second?: string): Uint8Array {
  return inFolder((folder) => {
    const source = join(folder, "guest.c");
    writeFileSync(source, text);
    const more = second === undefined ? [] : [join(folder, "second.c")];
    for (const file of more) writeFileSync(file, second ?? "");
    compileC(source, join(folder, "guest.wasm"), [...options, ...more]);
    return readFileSync(join(folder, "guest.wasm"));
  });
}

/** Compiles AssemblyScript. */
export function compiledAssemblyScript(text: string, options: readonly string[] = []): Uint8Array {
  return inFolder((folder) => {
    const source = join(folder, "guest.ts");
    writeFileSync(source, text);
    compileAssemblyScript(source, join(folder, "guest.wasm"), [...options]);
    return readFileSync(join(folder, "guest.wasm"));
  });
}

/** Compiles AssemblyScript as a user of the package does, with this asconfig.json. */
export function compiledAssemblyScriptProject(text: string, config: string): Uint8Array {
  return inFolder((folder) => {
    writeFileSync(join(folder, "guest.ts"), text);
    writeFileSync(join(folder, "asconfig.json"), config);
    compileAssemblyScriptProject(folder);
    return readFileSync(join(folder, "guest.wasm"));
  });
}

/** What the README says in this form: its first group. */
export function readmeText(form: RegExp): string {
  const found = form.exec(readFileSync(join(packageDirectory, "README.md"), "utf8"))?.[1];
  if (found === undefined) throw new Error(`the README has nothing of the form ${form}`);
  return found;
}

/** The block of the README that is marked as being in this language. */
export function readmeBlock(language: string): string {
  return readmeText(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "ms"));
}

/** Runs with a folder that is there for so long. */
function inFolder<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "twinwall-guest-"));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
