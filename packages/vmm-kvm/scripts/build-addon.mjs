#!/usr/bin/env node
// Builds the native addon and puts it where the package's build takes it from.
// Usage: node scripts/build-addon.mjs
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const packageDirectory = join(dirname(fileURLToPath(import.meta.url)), "..");
const root = join(packageDirectory, "../..");
const crate = "twinwall-vmm-kvm-node";
const addonName = "twinwall-vmm-kvm.linux-x64-gnu.node";

if (process.platform !== "linux" || process.arch !== "x64") {
  // Not an error: elsewhere the package says E_NO_MACHINE, and machine "soft" is what one uses.
  console.log(
    `the KVM addon is for Linux on x86-64; nothing to build on ${process.platform}-${process.arch}`,
  );
} else {
  build();
}

function build() {
  const cargo = spawnSync("cargo", ["build", "--release", "-p", crate], { cwd: root, stdio: "inherit" });
  if (cargo.error !== undefined)
    fail(`cargo does not start (${cargo.error.message}); install Rust from https://rustup.rs`);
  if (cargo.status !== 0) fail(`cargo build -p ${crate} failed`);
  const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
  const artifacts = join(packageDirectory, "artifacts");
  mkdirSync(artifacts, { recursive: true });
  // By rename: a process that has the old addon mapped keeps it whole.
  const temporary = join(artifacts, `.${addonName}.${process.pid}`);
  copyFileSync(join(target, "release", "libtwinwall_vmm_kvm_node.so"), temporary);
  renameSync(temporary, join(artifacts, addonName));
  console.log(`artifacts/${addonName}`);
}

function fail(message) {
  console.error(`build-addon: ${message}`);
  process.exit(1);
}
