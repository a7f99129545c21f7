import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** This package. */
export const packageDirectory = fileURLToPath(new URL("..", import.meta.url));

/** Where the modules lie. */
export const artifacts = join(packageDirectory, "artifacts");

const work = join(packageDirectory, ".cache");
const wit = join(packageDirectory, "wit");

/** componentize-py, with everything it needs in one wheel. */
const COMPONENTIZE_PY = "0.25.1";

/**
 * @param {string} program
 * @param {readonly string[]} args
 * @param {string} cwd
 */
function run(program, args, cwd) {
  execFileSync(program, args, { cwd, stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" });
}

/** @param {string} name */
function guest(name) {
  return join(packageDirectory, "guests", name);
}

/** @param {string} output */
function buildRust(output) {
  const target = join(work, "rust");
  const options = ["--release", "--locked", "--quiet", "--target", "wasm32-unknown-unknown"];
  run("cargo", ["build", ...options, "--target-dir", target], guest("rust"));
  copyFileSync(join(target, "wasm32-unknown-unknown/release/shapes_guest.wasm"), output);
}

/** @param {string} output */
function buildC(output) {
  const options = ["--target=wasm32-wasi", "-mexec-model=reactor", "-O2", "-Wall", "-Wextra", "-Werror"];
  const bindings = ["generated/guest.c", "generated/guest_component_type.o"];
  // What the generator writes is not held to our warnings.
  run("clang", [...options, "-Wno-unused-parameter", "guest.c", ...bindings, "-o", output], guest("c"));
}

/** @param {string} output */
async function buildAssemblyScript(output) {
  const { main } = await import("@twinwall/cli");
  const folder = join(work, "assemblyscript");
  const bindings = join(folder, "bindings");
  const asc = fileURLToPath(import.meta.resolve("assemblyscript/bin/asc.js"));
  const options = ["--transform", join(bindings, "transform.mjs"), "--use", "abort=", "--optimize"];
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(guest("assemblyscript"), "guest.ts"), join(folder, "guest.ts"));
  if ((await main(["bindgen", wit, "--guest", "assemblyscript", "-o", bindings])) !== 0)
    throw new Error("twinwall bindgen says that it cannot be done");
  run(process.execPath, [asc, join(bindings, "entry.ts"), ...options, "--outFile", output], folder);
}

/** @param {string} output */
async function buildJavaScript(output) {
  const { componentize } = await import("@bytecodealliance/componentize-js");
  const source = readFileSync(join(guest("javascript"), "guest.js"), "utf8");
  const witWorld = readFileSync(join(wit, "shapes.wit"), "utf8");
  // @ts-expect-error Its declarations want a path beside the source.
  const { component } = await componentize(source, witWorld, { worldName: "guest" });
  writeFileSync(output, component);
}

/** @param {string} output */
function buildPython(output) {
  const environment = join(work, `python-${COMPONENTIZE_PY}`);
  const tool = join(environment, "bin/componentize-py");
  if (!existsSync(tool)) {
    run("python3", ["-m", "venv", environment], packageDirectory);
    const packages = [
      "--quiet",
      "--disable-pip-version-check",
      "--no-deps",
      `componentize-py==${COMPONENTIZE_PY}`,
    ];
    run(join(environment, "bin/pip"), ["install", ...packages], packageDirectory);
  }
  run(tool, ["-d", wit, "-w", "guest", "componentize", "app", "-o", output], guest("python"));
}

/**
 * A language and how its guest is built.
 * @typedef {object} Language
 * @property {string} name
 * @property {string} title
 * @property {string} needs what builds it, with versions
 * @property {(output: string) => void | Promise<void>} build
 */

/** @type {readonly Language[]} */
export const languages = [
  { name: "rust", title: "Rust", needs: "wit-bindgen 0.61.1, wasm32-unknown-unknown", build: buildRust },
  { name: "c", title: "C", needs: "wit-bindgen c 0.63.0, clang, wasi-libc", build: buildC },
  {
    name: "assemblyscript",
    title: "AssemblyScript",
    needs: "AssemblyScript 0.28.20, twinwall bindgen",
    build: buildAssemblyScript,
  },
  { name: "javascript", title: "JavaScript", needs: "componentize-js 0.19.3", build: buildJavaScript },
  { name: "python", title: "Python", needs: `componentize-py ${COMPONENTIZE_PY}`, build: buildPython },
];

/** Makes the folders that builds write to. */
export function prepare() {
  mkdirSync(artifacts, { recursive: true });
  mkdirSync(work, { recursive: true });
}
