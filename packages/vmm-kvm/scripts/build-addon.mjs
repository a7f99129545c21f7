#!/usr/bin/env node
// Builds the native addon, and the program of worker processes, and puts them where the package's build takes them from.
// Usage: node scripts/build-addon.mjs
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const packageDirectory = join(dirname(fileURLToPath(import.meta.url)), "..");
const root = join(packageDirectory, "../..");

/** In one go, so that what both use is compiled once. */
const cargo = [
  ...["build", "--release", "-p", "twinwall-vmm-kvm-node", "-p", "twinwall-walled"],
  ...["--lib", "--bin", "twinwall-worker"],
];

/** What comes of it, and its names in the package. */
const products = {
  "libtwinwall_vmm_kvm_node.so": "twinwall-vmm-kvm.linux-x64-gnu.node",
  "twinwall-worker": "twinwall-worker.linux-x64-gnu",
};

if (process.platform !== "linux" || process.arch !== "x64") {
  // Not an error: elsewhere the package says E_NO_MACHINE, and machine "soft" is what one uses.
  console.log(
    `the KVM addon is for Linux on x86-64; nothing to build on ${process.platform}-${process.arch}`,
  );
} else {
  build();
  for (const [file, name] of Object.entries(products)) place(file, name);
}

function build() {
  const run = spawnSync("cargo", cargo, { cwd: root, stdio: "inherit" });
  if (run.error !== undefined)
    fail(`cargo does not start (${run.error.message}); install Rust from https://rustup.rs`);
  if (run.status !== 0) fail(`cargo ${cargo.join(" ")} failed`);
}

function place(file, name) {
  const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
  const artifacts = join(packageDirectory, "artifacts");
  mkdirSync(artifacts, { recursive: true });
  // By rename: a process that has the old file mapped keeps it whole.
  const temporary = join(artifacts, `.${name}.${process.pid}`);
  copyFileSync(join(target, "release", file), temporary);
  renameSync(temporary, join(artifacts, name));
  console.log(`artifacts/${name}`);
}

function fail(message) {
  console.error(`build-addon: ${message}`);
  process.exit(1);
}
