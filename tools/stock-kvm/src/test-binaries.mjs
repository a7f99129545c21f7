import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { root, targetDirectory } from "./paths.mjs";

/** @typedef {import("./guest.mjs").Programs} Programs */

const crates = ["twinwall-vmm-kvm", "twinwall-walled"];
const target = "x86_64-unknown-linux-gnu";

// By itself the crate getrandom looks its function up by name, which finds nothing in a static program; then it opens
// /dev/random, which a worker process must not.
const flags = '-C target-feature=+crt-static --cfg getrandom_backend="linux_getrandom"';

/**
 * Builds the tests of the VMM core and of its worker processes, linked statically: the machine that runs them has no
 * libraries.
 * @param {string[]} filters
 * @returns {Programs | undefined} the tests, and the programs that they start; undefined when the build failed: Cargo has said
 *   why by then
 */
export function buildTests(filters) {
  const cargo = spawnSync(
    "cargo",
    [
      ...["test", "--locked", "--no-run", "--lib", "--tests"],
      ...crates.flatMap((crate) => ["--package", crate]),
      ...["--target", target, "--target-dir", targetDirectory, "--message-format", "json-render-diagnostics"],
    ],
    {
      cwd: root,
      env: {
        ...process.env,
        CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS: flags,
        // The tests run elsewhere: whether this machine has a /dev/kvm does not matter.
        TWINWALL_ASSUME_KVM: "1",
        // Emulated processors are slow enough without code that nobody has optimised.
        CARGO_PROFILE_DEV_OPT_LEVEL: "1",
        CARGO_PROFILE_TEST_OPT_LEVEL: "1",
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
  const built = executables(cargo.stdout);
  const programs = built.filter(({ isTest }) => isTest);
  return {
    programs: programs.map(({ source, executable }) => ({
      title: `     Running ${relative(root, source)} (${relative(root, executable)})`,
      content: readFileSync(executable),
      // One at a time: the emulated processors are slow, and output stays readable.
      args: ["--test-threads=1", "--show-output", ...filters],
    })),
    files: built.filter(({ isTest }) => !isTest).map(({ executable }) => executable),
  };
}

/**
 * Reads Cargo's messages, one JSON object per line.
 * @param {string} messages
 * @returns {Array<{ source: string, executable: string, isTest: boolean }>}
 */
export function executables(messages) {
  return messages
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line))
    .filter((message) => message.reason === "compiler-artifact" && message.executable)
    .map(({ target, executable, profile }) => ({
      source: target.src_path,
      executable,
      isTest: profile.test,
    }));
}
