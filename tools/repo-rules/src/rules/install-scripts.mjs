// Package managers no longer run install scripts by default, and many users are offline or sandboxed when they install:
// what we publish carries its binaries, and neither it nor anything it depends on runs code at install.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { publishedPackages, readJson } from "../context.mjs";

const installScripts = ["preinstall", "install", "postinstall", "prepare", "preprepare", "postprepare"];

/** @param {import("../context.mjs").Context} context */
export function check(context) {
  /** @type {Set<string>} */
  const seen = new Set();
  return publishedPackages(context).flatMap(({ folder }) =>
    packageViolations(join(context.root, folder), folder, seen),
  );
}

/**
 * @param {string} directory of a package
 * @param {string} path how the package is reached, for the message
 * @param {Set<string>} seen
 * @returns {string[]}
 */
function packageViolations(directory, path, seen) {
  if (seen.has(directory)) return [];
  seen.add(directory);
  const manifest = readJson(join(directory, "package.json"));
  const problems = installScripts
    .filter((script) => manifest.scripts?.[script] && !isHarmless(path, script))
    .map((script) => `${path}: has a script "${script}"`);
  if (existsSync(join(directory, "binding.gyp")))
    problems.push(`${path}: binding.gyp is compiled at install`);
  const names = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies });
  for (const name of names) {
    const found = locate(directory, name);
    if (found) problems.push(...packageViolations(found, `${path} > ${name}`, seen));
    else if (manifest.dependencies?.[name]) problems.push(`${path} > ${name}: not installed`);
  }
  return problems;
}

/**
 * `prepare` runs in a clone, never for users of a package from a registry; only our own must not have it.
 * @param {string} path
 * @param {string} script
 */
function isHarmless(path, script) {
  return path.includes(" > ") && script.includes("prepare");
}

/**
 * @param {string} directory
 * @param {string} name
 * @returns {string | undefined}
 */
function locate(directory, name) {
  const candidate = join(directory, "node_modules", name);
  if (existsSync(join(candidate, "package.json"))) return candidate;
  const parent = dirname(directory);
  if (parent === directory) return undefined;
  return locate(parent, name);
}
