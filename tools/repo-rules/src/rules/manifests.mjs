// Users meet our packages through their manifests: each states licence, Node, module type and contents the same way, and
// opens one door. A path into a package that it does not export would become an interface by accident.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { publishedPackages, readTurbo } from "../context.mjs";

const required = {
  license: "Apache-2.0",
  type: "module",
  "engines.node": ">=20.19",
  "publishConfig.access": "public",
};

/** @param {import("../context.mjs").Context} context */
export function check(context) {
  const published = publishedPackages(context);
  const names = new Set(published.map(({ manifest }) => manifest["name"]));
  return published.flatMap(({ folder, manifest }) => {
    const problems = [
      ...manifestViolations(folder, manifest),
      ...privateDependencies(folder, manifest, names),
    ];
    if (!existsSync(join(context.root, folder, "README.md")))
      problems.push(`${folder}: README.md is missing`);
    const tags = readTurbo(context.root, folder).tags ?? [];
    if (tags.filter((/** @type {string} */ tag) => /^layer-\d$/.test(tag)).length !== 1) {
      problems.push(`${folder}/turbo.json: needs one tag layer-N`);
    }
    return problems;
  });
}

/**
 * @param {string} folder
 * @param {Record<string, any>} manifest
 * @returns {string[]}
 */
export function manifestViolations(folder, manifest) {
  const problems = Object.entries(required)
    .filter(([path, value]) => lookUp(manifest, path) !== value)
    .map(([path, value]) => `${folder}: ${path} must be "${value}"`);
  if (manifest["name"] !== `@twinwall/${folder.split("/")[1]}`)
    problems.push(`${folder}: name must follow the folder`);
  if (!manifest["description"]) problems.push(`${folder}: description is missing`);
  if (manifest["repository"]?.directory !== folder)
    problems.push(`${folder}: repository.directory must be ${folder}`);
  if (!Array.isArray(manifest["files"])) problems.push(`${folder}: files is missing`);
  if (manifest["sideEffects"] === undefined) problems.push(`${folder}: sideEffects is missing`);
  if (!manifest["exports"]?.["."]) problems.push(`${folder}: exports has no "."`);
  for (const path of Object.keys(manifest["exports"] ?? {})) {
    if (path.includes("*")) problems.push(`${folder}: exports "${path}" opens every file`);
  }
  return [...problems, ...linkViolations(folder, manifest)];
}

/**
 * Users cannot install what is not published: tools of this repository are for tests, in devDependencies.
 * @param {string} folder
 * @param {Record<string, any>} manifest
 * @param {Set<string>} published names
 */
export function privateDependencies(folder, manifest, published) {
  const names = Object.keys({
    ...manifest["dependencies"],
    ...manifest["optionalDependencies"],
    ...manifest["peerDependencies"],
  });
  return names
    .filter((name) => name.startsWith("@twinwall/") && !published.has(name))
    .map((name) => `${folder}: ${name} is not published; only devDependencies may name it`);
}

/**
 * Packages of this workspace are linked, never taken from the registry by chance.
 * @param {string} folder
 * @param {Record<string, any>} manifest
 */
function linkViolations(folder, manifest) {
  const all = {
    ...manifest["dependencies"],
    ...manifest["devDependencies"],
    ...manifest["optionalDependencies"],
  };
  return Object.entries(all)
    .filter(([name, range]) => name.startsWith("@twinwall/") && !String(range).startsWith("workspace:"))
    .map(([name]) => `${folder}: ${name} must be workspace:*`);
}

/**
 * @param {Record<string, any>} object
 * @param {string} path names with dots between them
 */
function lookUp(object, path) {
  return path.split(".").reduce((value, key) => value?.[key], /** @type {any} */ (object));
}
