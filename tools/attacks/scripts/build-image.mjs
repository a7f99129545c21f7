// Writes the hostile image (rust/) to artifacts/hostile.elf, and the numbers of its functions to artifacts/hostile.json.
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const artifacts = fileURLToPath(new URL("../artifacts", import.meta.url));
const root = fileURLToPath(new URL("../../..", import.meta.url));

mkdirSync(artifacts, { recursive: true });
execFileSync(
  "cargo",
  ["run", "--quiet", "--locked", "--package", "twinwall-tool-hostile-image", "--", artifacts],
  { cwd: root, stdio: "inherit" },
);
