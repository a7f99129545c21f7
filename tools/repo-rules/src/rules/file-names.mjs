// One way to write names, so that nobody has to guess one: kebab-case, as the packages themselves are named;
// snake_case for Rust modules, which cannot be anything else; capitals for the documents that GitHub looks for.
import { basename, dirname } from "node:path";

const kebab = /^\.?[a-z0-9]+(?:[-.][a-z0-9]+)*$/;
const snake = /^[a-z0-9]+(?:_[a-z0-9]+)*\.rs$/;
const document = /^(?:[A-Z][A-Z_]*(?:\.md)?|[a-z0-9]+(?:-[a-z0-9]+)*\.md)$/;
// In AssemblyScript a file is called as the module is that it imports from.
const exceptions = new Set(["Cargo.toml", "Cargo.lock", "wasi_snapshot_preview1.ts"]);
const generated = /(^|\/)generated\//;

/** @param {import("../context.mjs").Context} context */
export function check({ files }) {
  return files
    .filter((file) => !generated.test(file))
    .flatMap((file) => [...wrongFile(file), ...wrongFolder(file)]);
}

/** @param {string} file */
function wrongFile(file) {
  const name = basename(file);
  if (exceptions.has(name) || kebab.test(name) || document.test(name)) return [];
  if (name.endsWith(".rs") && snake.test(name)) return [];
  return [`${file}: use kebab-case (snake_case for Rust modules)`];
}

/** @param {string} file */
function wrongFolder(file) {
  const rust = file.endsWith(".rs");
  const parts = dirname(file)
    .split("/")
    .filter((part) => part !== ".");
  const wrong = parts.find((part) => !kebab.test(part) && !(rust && snake.test(`${part}.rs`)));
  return wrong ? [`${file}: folder ${wrong} is not in kebab-case`] : [];
}
