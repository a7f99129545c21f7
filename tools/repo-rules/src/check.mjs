// Runs all rules over the repository; prints one line per violation.
import { fileURLToPath } from "node:url";
import { repositoryContext } from "./context.mjs";
import { check as cargoLayers } from "./rules/cargo-layers.mjs";
import { check as fileNames } from "./rules/file-names.mjs";
import { check as fileSizes } from "./rules/file-sizes.mjs";
import { check as installScripts } from "./rules/install-scripts.mjs";
import { check as manifests } from "./rules/manifests.mjs";
import { check as turboRust } from "./rules/turbo-rust.mjs";

const rules = {
  "cargo-layers": cargoLayers,
  "file-names": fileNames,
  "file-sizes": fileSizes,
  "install-scripts": installScripts,
  manifests,
  "turbo-rust": turboRust,
};

const context = repositoryContext(fileURLToPath(new URL("../../..", import.meta.url)));
const violations = Object.entries(rules).flatMap(([name, rule]) =>
  rule(context).map((line) => `${name}: ${line}`),
);
for (const line of violations) console.error(line);
console.log(
  `${Object.keys(rules).length} rules, ${context.files.length} files, ${violations.length} violations`,
);
process.exitCode = violations.length > 0 ? 1 : 0;
