// Builds the guests that have changed since the last time. One that cannot be built does not stop the others; the manifest
// says why, and its tests are skipped.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { artifacts, languages, packageDirectory, prepare } from "./languages.mjs";

const manifestFile = join(artifacts, "manifest.json");

/**
 * A guest that was built, or why it was not.
 * @typedef {object} Built
 * @property {string} name
 * @property {string} key hash of everything that it was built from
 * @property {string} [problem]
 */

/** @returns {Built[]} */
function readManifest() {
  return existsSync(manifestFile) ? JSON.parse(readFileSync(manifestFile, "utf8")) : [];
}

/** @param {string} name */
function keyOf(name) {
  const hash = createHash("sha256");
  const folders = ["wit", "scripts", `guests/${name}`];
  for (const folder of folders) {
    const entries = readdirSync(join(packageDirectory, folder), { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    for (const file of files.sort()) hash.update(file).update(readFileSync(file));
  }
  return hash.digest("hex");
}

/** @param {unknown} error */
function reasonOf(error) {
  const text =
    error instanceof Error ? `${error.message}\n${"stderr" in error ? error.stderr : ""}` : String(error);
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return (lines.find((line) => /error|not found|ENOENT/i.test(line)) ?? lines[0] ?? "no reason").slice(
    0,
    300,
  );
}

prepare();
const earlier = readManifest();
/** @type {Built[]} */
const manifest = [];
for (const { name, title, build } of languages) {
  const key = keyOf(name);
  const output = join(artifacts, `${name}.wasm`);
  const known = earlier.find((one) => one.name === name && one.key === key && one.problem === undefined);
  if (known !== undefined && existsSync(output)) {
    manifest.push(known);
    continue;
  }
  console.log(`building the guest in ${title}`);
  try {
    await build(output);
    manifest.push({ name, key });
  } catch (error) {
    const problem = reasonOf(error);
    console.log(`the guest in ${title} cannot be built: ${problem}`);
    manifest.push({ name, key, problem });
  }
  writeFileSync(manifestFile, JSON.stringify([...manifest], null, 2));
}
writeFileSync(manifestFile, JSON.stringify(manifest, null, 2));
