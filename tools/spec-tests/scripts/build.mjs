// Converts the official tests: `artifacts/modules.bin` and `artifacts/tests.json`.
import { execFileSync } from "node:child_process";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const packageDirectory = dirname(dirname(fileURLToPath(import.meta.url)));
const root = join(packageDirectory, "../..");
const target = resolve(root, process.env.CARGO_TARGET_DIR ?? "target");
const name = "twinwall-tool-spec-tests";

// The compiler's profile: optimised, but without link-time optimisation, and its parser is built already.
execFileSync("cargo", ["build", "--locked", "-p", name, "--profile", "compiler"], {
  cwd: root,
  stdio: "inherit",
});
execFileSync(
  join(target, "compiler", name),
  [join(packageDirectory, "artifacts"), join(packageDirectory, "wast")],
  { stdio: "inherit" },
);
