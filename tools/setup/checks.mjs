// `npm run check`: every check that is not a test. All run, even after a failure; `.reports/checks.json` keeps the outcomes.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { toolEnvironment } from "./src/environment.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const reports = fileURLToPath(new URL("./.reports", import.meta.url));

const compilerCrates = "-p twinwall-compiler-wasm -p twinwall-compiler";
const imageCrates =
  "-p twinwall-image-kvm -p twinwall-image-echo -p twinwall-image-support -p twinwall-runtime-core";

/** Name, command line. */
const checks = [
  ["TypeScript lint and format", "biome check --error-on-warnings ."],
  ["types", "turbo run typecheck --concurrency=2 --output-logs=errors-only --continue"],
  ["layers of the packages", "turbo boundaries"],
  ["repository rules", "pnpm --filter @twinwall/tool-repo-rules run check"],
  ["unused files, exports and dependencies", "knip"],
  ["generated code", "pnpm --filter @twinwall/tool-generate run check"],
  ["Rust format", "cargo fmt --all --check"],
  ["Rust lint", "cargo clippy --locked --all-targets -- -D warnings"],
  // The rest as it is built: the compiler for WebAssembly, the images freestanding.
  [
    "Rust lint, compiler",
    `cargo clippy --locked --profile compiler --target wasm32-unknown-unknown ${compilerCrates} -- -D warnings`,
  ],
  // Most of it exists for WebAssembly alone, and some of it without std alone.
  [
    "Rust lint, guest library",
    "cargo clippy --locked --target wasm32-unknown-unknown -p twinwall-guest -- -D warnings",
  ],
  [
    "Rust lint, guest library without std",
    "cargo clippy --locked --target wasm32-unknown-unknown -p twinwall-guest --no-default-features --features panic-handler -- -D warnings",
  ],
  [
    "Rust lint, spec tests",
    "cargo clippy --locked --profile compiler -p twinwall-tool-spec-tests -- -D warnings",
  ],
  [
    "Rust lint, images",
    `cargo clippy --locked --profile image --target x86_64-unknown-linux-gnu ${imageCrates} -- -D warnings`,
  ],
  [
    "Rust lint, soft image",
    "cargo clippy --locked --profile image --target wasm32-unknown-unknown -p twinwall-image-soft -- -D warnings",
  ],
];

const tests = checks.map(([name = "", command = ""]) => {
  console.log(`\n== ${name}: ${command}`);
  const [program = "", ...args] = command.split(" ");
  const { status } = spawnSync(program, args, {
    cwd: root,
    env: toolEnvironment(),
    stdio: ["ignore", "inherit", "inherit"],
  });
  return status === 0 ? { name, state: "passed" } : { name, state: "failed", detail: command };
});

mkdirSync(reports, { recursive: true });
writeFileSync(`${reports}/checks.json`, `${JSON.stringify({ tests }, null, 1)}\n`);
process.exitCode = tests.some((test) => test.state === "failed") ? 1 : 0;
