#!/usr/bin/env node
// Builds the dynamic module for Envoy and puts it where the package takes it from.
// Usage: node scripts/build-module.mjs
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const packageDirectory = join(dirname(fileURLToPath(import.meta.url)), "..");
const root = join(packageDirectory, "../..");
const name = "libtwinwall_envoy.so";

if (process.platform !== "linux" || process.arch !== "x64") {
  // Not an error: elsewhere there is no KVM machine, and the service out of process is what one uses.
  console.log(`the module is for Linux on x86-64; nothing to build on ${process.platform}-${process.arch}`);
} else {
  build();
}

function build() {
  if (!existsSync(join(root, "packages/runtime/artifacts/images/wasm.elf"))) {
    fail("the Wasm runtime's image, which the module carries, is not built: build @twinwall/runtime first");
  }
  const cargo = spawnSync("cargo", ["build", "--locked", "--release", "-p", "twinwall-envoy"], {
    cwd: root,
    stdio: "inherit",
  });
  if (cargo.error !== undefined)
    fail(`cargo does not start (${cargo.error.message}); install Rust from https://rustup.rs`);
  if (cargo.status !== 0) fail("cargo build -p twinwall-envoy failed");
  const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
  const artifacts = join(packageDirectory, "artifacts");
  mkdirSync(artifacts, { recursive: true });
  // By rename: an Envoy that has the old module mapped keeps it whole.
  const temporary = join(artifacts, `.${name}.${process.pid}`);
  copyFileSync(join(target, "release", name), temporary);
  renameSync(temporary, join(artifacts, name));
  console.log(`artifacts/${name}`);
}

function fail(message) {
  console.error(`build-module: ${message}`);
  process.exit(1);
}
