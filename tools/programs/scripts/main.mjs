// Builds what has changed since the last time: the programs of programs.json and the compute kernels.
// A program that cannot be built does not stop the others; the manifest says why, and its tests are skipped.
// Names as arguments: these programs alone, and no kernels.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { buildWithCargo, cargoToolchain } from "./cargo-program.mjs";
import { hashDirectory, sha256 } from "./hash.mjs";
import { buildKernels, kernelsArePresent } from "./kernels.mjs";
import { artifacts, packageDirectory } from "./paths.mjs";
import { buildQuickJs, clangToolchain } from "./quickjs.mjs";
import { CommandError } from "./run.mjs";

/**
 * An entry of programs.json.
 * @typedef {object} Source
 * @property {string} name
 * @property {string} does
 * @property {string} crate registry package
 * @property {string} version
 * @property {string} licence
 * @property {{ tool: "cargo", binary: string, options: string[] } | { tool: "clang", sources: string }} build
 */

/**
 * An entry of the manifest: a built module, or the reason why there is none.
 * @typedef {object} Built
 * @property {string} name
 * @property {string} version
 * @property {string} origin
 * @property {string} licence
 * @property {string} key hash of everything that the module was built from
 * @property {string} [file] in the folder of the manifest
 * @property {number} [bytes]
 * @property {string} [sha256]
 * @property {string} [problem]
 */

const manifestFile = `${artifacts}/manifest.json`;
const clangHint =
  "npm test installs clang, lld, wasi-libc and libclang-rt for wasm32 from Debian when run as root";

/** @returns {{ programs: Built[], kernels?: string }} */
function readManifest() {
  if (!existsSync(manifestFile)) return { programs: [] };
  return JSON.parse(readFileSync(manifestFile, "utf8"));
}

/**
 * @param {Source} source
 * @param {Built | undefined} earlier
 * @returns {Promise<Built>}
 */
async function buildProgram(source, earlier) {
  const { name, version, crate, licence, build } = source;
  const entry = { name, version, origin: `crates.io: ${crate} ${version}`, licence };
  try {
    const toolchain = build.tool === "cargo" ? await cargoToolchain() : await clangToolchain();
    const sources = build.tool === "cargo" ? "" : hashDirectory(`${packageDirectory}/${build.sources}`);
    const key = sha256(JSON.stringify([source, toolchain, sources]));
    if (earlier?.key === key && isIntact(earlier)) return { ...earlier, ...entry };
    console.log(`building ${name} ${version} (${source.does})`);
    const module = build.tool === "cargo" ? await buildWithCargo(source, build) : await buildQuickJs();
    const file = `${name}.wasm`;
    writeFileSync(`${artifacts}/${file}`, module);
    return { ...entry, key, file, bytes: module.length, sha256: sha256(module) };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const hint = build.tool === "clang" ? `; ${clangHint}` : "";
    const problem = `${error.message}${hint}`;
    console.log(`not built: ${name} ${version} - ${problem}`);
    return { ...entry, key: "", problem };
  }
}

/** @param {Built} entry */
function isIntact({ file, sha256: expected }) {
  if (!file || !existsSync(`${artifacts}/${file}`)) return false;
  return sha256(readFileSync(`${artifacts}/${file}`)) === expected;
}

/**
 * The kernels are our own code: one that does not build is an error, not a missing part.
 * @param {string | undefined} earlier
 */
async function buildKernelsIfChanged(earlier) {
  const list = readFileSync(`${packageDirectory}/kernels.json`, "utf8");
  const key = sha256(`${await cargoToolchain()}${list}${hashDirectory(`${packageDirectory}/kernels`)}`);
  if (key === earlier && kernelsArePresent()) return key;
  console.log("building the compute kernels");
  await buildKernels();
  return key;
}

mkdirSync(artifacts, { recursive: true });
const earlier = readManifest();
/** @type {Source[]} */
const allSources = JSON.parse(readFileSync(`${packageDirectory}/programs.json`, "utf8"));
const names = process.argv.slice(2);
const sources = allSources.filter(({ name }) => names.length === 0 || names.includes(name));
/** @type {Built[]} */
const programs = [];
const kernels = names.length === 0 ? await buildKernelsIfChanged(earlier.kernels) : earlier.kernels;
// One after the other: each build uses all cores.
for (const source of sources) {
  programs.push(
    await buildProgram(
      source,
      earlier.programs.find(({ name }) => name === source.name),
    ),
  );
  // Written after each one, so that an interrupted build loses only the program that it was at.
  const pending = earlier.programs.filter((entry) => !programs.some(({ name }) => name === entry.name));
  writeFileSync(
    manifestFile,
    `${JSON.stringify({ programs: [...programs, ...pending], kernels }, null, 2)}\n`,
  );
}
const missing = programs.filter(({ problem }) => problem);
const built = names.length === 0 ? "programs and the kernels" : "programs";
console.log(`${programs.length - missing.length} of ${programs.length} ${built} are there`);
