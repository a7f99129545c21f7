import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** This package. */
export const packageDirectory = fileURLToPath(new URL("..", import.meta.url));

/** A compiler that could not be started, or failed; the message holds what it said. */
export class CompileError extends Error {}

/**
 * @param {string} program
 * @param {string[]} args
 * @param {string} [cwd]
 */
function run(program, args, cwd = packageDirectory) {
  const { error, status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: "utf8" });
  if (error) throw new CompileError(`${program}: ${error.message}`);
  if (status !== 0) throw new CompileError(`${program} ended with status ${status}:\n${stdout}${stderr}`);
}

/**
 * Builds a crate of a workspace of its own, whose `.cargo/config.toml` names the target.
 * @param {string} folder relative to this package
 * @param {string} module name of the library
 * @param {string} output the module's path
 */
export function compileRust(folder, module, output) {
  const directory = join(packageDirectory, folder);
  const target = join(directory, "target");
  run("cargo", ["build", "--release", "--locked", "--quiet", "--target-dir", target], directory);
  copyFileSync(join(target, "wasm32-unknown-unknown/release", `${module}.wasm`), output);
}

/**
 * Compiles AssemblyScript that imports from `@twinwall/guest/assemblyscript`, with the options of its asconfig.json.
 * @param {string} source absolute, or relative to this package
 * @param {string} output the module's path
 * @param {string[]} [options]
 */
export function compileAssemblyScript(source, output, options = []) {
  // This package as its users see it: `@twinwall/guest` in a folder of modules.
  const modules = mkdtempSync(join(tmpdir(), "twinwall-modules-"));
  try {
    mkdirSync(join(modules, "@twinwall"));
    symlinkSync(packageDirectory, join(modules, "@twinwall/guest"), "junction");
    symlinkSync(
      dirname(fileURLToPath(import.meta.resolve("as-proto/package.json"))),
      join(modules, "as-proto"),
      "junction",
    );
    const asc = fileURLToPath(import.meta.resolve("assemblyscript/bin/asc.js"));
    const config = ["--config", join(packageDirectory, "assemblyscript/asconfig.json"), "--path", modules];
    run(process.execPath, [asc, source, "--outFile", output, ...config, ...options]);
  } finally {
    rmSync(modules, { recursive: true });
  }
}

/**
 * Compiles AssemblyScript in a project of its own, as the README says it: `asc guest.ts -o guest.wasm` in its folder.
 * @param {string} directory holds `guest.ts` and `asconfig.json`; gets `guest.wasm`, and a `node_modules` of this package
 */
export function compileAssemblyScriptProject(directory) {
  mkdirSync(join(directory, "node_modules/@twinwall"), { recursive: true });
  symlinkSync(packageDirectory, join(directory, "node_modules/@twinwall/guest"), "junction");
  const asc = fileURLToPath(import.meta.resolve("assemblyscript/bin/asc.js"));
  run(process.execPath, [asc, "guest.ts", "-o", "guest.wasm"], directory);
}

/**
 * Compiles C or C++ with the header twinwall.h; a warning is an error.
 * @param {string} source absolute, or relative to this package
 * @param {string} output the module's path
 * @param {string[]} options
 */
export function compileC(source, output, options) {
  const warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"];
  run("clang", ["-O2", ...options, ...warnings, "-I", "c", source, "-o", output]);
}

/**
 * Why clang cannot build with these options here, whatever it builds: it, the linker or the C library is not there.
 * @param {string[]} options
 * @returns {string | undefined} `undefined` where it can
 */
export function clangProblem(options) {
  const directory = mkdtempSync(join(tmpdir(), "twinwall-clang-"));
  try {
    const source = join(directory, "probe.c");
    const library = options.includes("-nostdlib")
      ? ""
      : "#include <stdlib.h>\nvoid *get(void) { return malloc(1); }\n";
    writeFileSync(source, `#include <stdint.h>\n${library}`);
    run("clang", [...options, source, "-o", join(directory, "probe.wasm")]);
    return undefined;
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    const lines = error.message.trim().split("\n");
    return lines.find((line) => /\berror: /.test(line)) ?? lines[0];
  } finally {
    rmSync(directory, { recursive: true });
  }
}
