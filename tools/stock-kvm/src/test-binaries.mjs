import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { root, targetDirectory } from "./paths.mjs";

/** @typedef {import("./guest.mjs").GuestProgram} GuestProgram */

const crate = "twinwall-vmm-kvm";
const target = "x86_64-unknown-linux-gnu";

/**
 * Builds the tests of the VMM core, linked statically: the machine that runs them has no libraries.
 * @param {string[]} filters
 * @returns {GuestProgram[] | undefined} undefined when the build failed; Cargo has said why by then
 */
export function buildTests(filters) {
  const cargo = spawnSync(
    "cargo",
    [
      ...["test", "--locked", "--no-run", "--package", crate, "--lib", "--tests"],
      ...["--target", target, "--target-dir", targetDirectory, "--message-format", "json-render-diagnostics"],
    ],
    {
      cwd: root,
      env: {
        ...process.env,
        CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS: "-C target-feature=+crt-static",
        // The tests run elsewhere: whether this machine has a /dev/kvm does not matter.
        TWINWALL_ASSUME_KVM: "1",
        // Debug information would be most of what the machine has to unpack.
        CARGO_PROFILE_TEST_DEBUG: "0",
        CARGO_PROFILE_TEST_STRIP: "debuginfo",
      },
      stdio: ["ignore", "pipe", "inherit"],
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  if (cargo.error) console.error(`cargo could not be started: ${cargo.error.message}`);
  if (cargo.status !== 0) return undefined;
  return testExecutables(cargo.stdout).map(({ source, executable }) => ({
    title: `     Running ${relative(root, source)} (${relative(root, executable)})`,
    content: readFileSync(executable),
    // One at a time: the emulated processors are slow, and output stays readable.
    args: ["--test-threads=1", "--show-output", ...filters],
  }));
}

/**
 * Reads Cargo's messages, one JSON object per line.
 * @param {string} messages
 * @returns {Array<{ source: string, executable: string }>}
 */
export function testExecutables(messages) {
  return messages
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line))
    .filter((message) => message.reason === "compiler-artifact" && message.profile.test && message.executable)
    .map((message) => ({ source: message.target.src_path, executable: message.executable }));
}
