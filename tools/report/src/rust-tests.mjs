// Runs the tests of the Rust workspace and keeps what they said as `.reports/cargo.json`.
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseCargoOutput } from "./cargo-output.mjs";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const reports = fileURLToPath(new URL("../.reports", import.meta.url));

/**
 * What is tested, one cargo run each. The guest runtime apart: its wasmtime has features that would reach other
 * crates of the same run, and needs symbols that only its own tests provide.
 */
const selections = [[], ["-p", "twinwall-runtime-core", "-p", "twinwall-image-support"]];

/**
 * Runs one selection and returns its tests.
 * @param {string[]} selection arguments of cargo that choose packages
 */
function runCargo(selection) {
  const args = ["test", "--locked", "--no-fail-fast", ...selection, "--", "--show-output"];
  // One pipe for both streams keeps the names of the suites (standard error) before their tests (standard output).
  const cargo = spawn("sh", ["-c", 'exec cargo "$@" 2>&1', "sh", ...args], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  cargo.stdout.setEncoding("utf8").on("data", (chunk) => {
    text += chunk;
    process.stdout.write(chunk);
  });
  return new Promise((resolve) => {
    cargo.on("close", (status) => {
      const tests = parseCargoOutput(text);
      if (status !== 0) process.exitCode = 1;
      if (status !== 0 && !tests.some((test) => test.state === "failed")) {
        tests.push({
          name: `cargo ${args.join(" ")}`,
          state: "failed",
          detail: `ended with status ${status} before any test failed`,
        });
      }
      resolve(tests);
    });
  });
}

const tests = [];
for (const selection of selections) tests.push(...(await runCargo(selection)));
mkdirSync(reports, { recursive: true });
writeFileSync(`${reports}/cargo.json`, `${JSON.stringify({ tests }, null, 1)}\n`);
