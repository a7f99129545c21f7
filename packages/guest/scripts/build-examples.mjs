// Builds the example guests: node build-examples.mjs LANGUAGE… (all of them without arguments).
//
// Rust and AssemblyScript are part of this repository's own set-up. clang comes from the distribution, where it can be had:
// without it, `artifacts/c.json` says why there is no module, and the tests that need one are skipped with that reason.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { clangProblem, compileAssemblyScript, compileC, compileRust, packageDirectory } from "./compile.mjs";
import { examples } from "./examples.mjs";

/** @typedef {import("./examples.mjs").Example} Example */

const artifacts = join(packageDirectory, "artifacts");
const clangHint =
  "npm test installs clang, lld, wasi-libc and libclang-rt for wasm32 from Debian when run as root";

/** @param {Example} example */
function build({ name, language, source, module = "", options = [] }) {
  const output = join(artifacts, `${name}.wasm`);
  if (language === "rust") compileRust(source, module, output);
  else if (language === "assemblyscript") compileAssemblyScript(source, output, options);
  else compileC(source, output, options);
}

/**
 * Builds what clang can build here, and says why it cannot build the rest.
 * @param {Example[]} wanted
 */
function buildWithClang(wanted) {
  /** @type {Record<string, string>} */
  const problems = {};
  for (const example of wanted) {
    const problem = clangProblem(example.options ?? []);
    if (problem === undefined) {
      build(example);
      continue;
    }
    rmSync(join(artifacts, `${example.name}.wasm`), { force: true });
    problems[example.name] = `${problem}; ${clangHint}`;
    console.log(`not built: ${example.name} - ${problems[example.name]}`);
  }
  writeFileSync(join(artifacts, "c.json"), `${JSON.stringify({ problems }, null, 2)}\n`);
}

const languages = process.argv.slice(2);
mkdirSync(artifacts, { recursive: true });
const wanted = examples.filter(({ language }) => languages.length === 0 || languages.includes(language));
for (const example of wanted.filter(({ language }) => language !== "c")) build(example);
const inC = wanted.filter(({ language }) => language === "c");
if (inC.length > 0) buildWithClang(inC);
