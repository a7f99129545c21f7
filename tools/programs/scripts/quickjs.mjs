import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { packageDirectory, target } from "./paths.mjs";
import { CommandError, run } from "./run.mjs";

// The command-line program `qjs`, and the bytecode of its own scripts that the sources carry.
const units = [
  "quickjs",
  "quickjs-libc",
  "libunicode",
  "libregexp",
  "dtoa",
  "qjs",
  "gen/repl",
  "gen/standalone",
];

// As in the project's own build for WASI.
const compile = [
  "--target=wasm32-wasi",
  "-O2",
  "-w",
  "-D_GNU_SOURCE",
  "-D_WASI_EMULATED_PROCESS_CLOCKS",
  "-D_WASI_EMULATED_SIGNAL",
];

// The default stack of 64 KiB is too small for an interpreter; below the data, an overflow traps at once.
const link = [
  "--target=wasm32-wasi",
  "-lwasi-emulated-process-clocks",
  "-lwasi-emulated-signal",
  "-lm",
  "-Wl,-z,stack-size=1048576",
  "-Wl,--stack-first",
  "-Wl,--strip-all",
];

/** What a build depends on besides the source. */
export async function clangToolchain() {
  return `${await run("clang", ["--version"])}${JSON.stringify([units, compile, link])}`;
}

/**
 * Compiles QuickJS with the system's clang and wasi-libc.
 * @returns {Promise<Uint8Array>} the module
 */
export async function buildQuickJs() {
  const sources = await findSources("rquickjs-sys");
  const objects = `${target}/quickjs`;
  mkdirSync(join(objects, "gen"), { recursive: true });
  const include = `-I${sources}`;
  await Promise.all(
    units.map((unit) =>
      run("clang", [...compile, include, "-c", `${sources}/${unit}.c`, "-o", `${objects}/${unit}.o`]),
    ),
  );
  const module = `${objects}/qjs.wasm`;
  await run("clang", [...units.map((unit) => `${objects}/${unit}.o`), "-o", module, ...link]);
  return readFileSync(module);
}

/**
 * Fetches the package that carries the sources through Cargo, which checks its hash, and returns where they lie.
 * @param {string} crate
 */
async function findSources(crate) {
  const manifest = `${packageDirectory}/quickjs/Cargo.toml`;
  const options = ["--locked", "--format-version", "1", "--filter-platform", "wasm32-wasip1"];
  /** @type {{ packages: Array<{ name: string, manifest_path: string }> }} */
  const metadata = JSON.parse(await run("cargo", ["metadata", "--manifest-path", manifest, ...options]));
  const found = metadata.packages.find(({ name }) => name === crate);
  if (!found) throw new CommandError(`cargo metadata does not know the crate ${crate}`);
  return join(dirname(found.manifest_path), "quickjs");
}
