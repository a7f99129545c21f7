// Builds the compiler to WebAssembly and binds it: `artifacts/compiler.js`, `compiler_bg.wasm` and `compiler.json`.
// With --native it builds the native program instead: `artifacts/twinwall-compiler-native`.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const packageDirectory = dirname(dirname(fileURLToPath(import.meta.url)));
const root = join(packageDirectory, "../..");
const artifacts = join(packageDirectory, "artifacts");
const target = resolve(root, process.env.CARGO_TARGET_DIR ?? "target");

function cargo(...args) {
  execFileSync("cargo", ["build", "--locked", ...args], { cwd: root, stdio: "inherit" });
}

function buildNative() {
  cargo("-p", "twinwall-compiler-native", "--profile", "compiler");
  const name = "twinwall-compiler-native";
  // A running program cannot be overwritten, but it can be replaced.
  copyFileSync(join(target, "compiler", name), join(artifacts, `${name}.new`));
  renameSync(join(artifacts, `${name}.new`), join(artifacts, name));
}

async function buildWasm() {
  cargo("-p", "twinwall-compiler-wasm", "--profile", "compiler", "--target", "wasm32-unknown-unknown");
  cargo("-p", "twinwall-tool-wasm-bindgen", "--release");
  execFileSync(
    join(target, "release/twinwall-tool-wasm-bindgen"),
    [join(target, "wasm32-unknown-unknown/compiler/twinwall_compiler_wasm.wasm"), artifacts, "compiler"],
    { stdio: "inherit" },
  );
  rmSync(join(artifacts, "compiler_bg.wasm.d.ts"), { force: true });
  await describe();
}

// What the TypeScript side must know of the compiler without starting it.
async function describe() {
  const bytes = readFileSync(join(artifacts, "compiler_bg.wasm"));
  const glue = await import(pathToFileURL(join(artifacts, "compiler.js")).href);
  glue.initSync({ module: bytes });
  const texts = (machine) => ({
    plain: glue.compiler_text(machine, false),
    fuel: glue.compiler_text(machine, true),
  });
  const description = {
    sha256: createHash("sha256").update(bytes).digest("hex"),
    compilers: { kvm: texts("kvm"), soft: texts("soft") },
  };
  writeFileSync(join(artifacts, "compiler.json"), `${JSON.stringify(description, null, 2)}\n`);
}

mkdirSync(artifacts, { recursive: true });
if (process.argv.includes("--native")) {
  buildNative();
} else {
  await buildWasm();
}
