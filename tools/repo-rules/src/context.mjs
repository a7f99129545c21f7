import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * What a rule may look at.
 * @typedef {object} Context
 * @property {string} root
 * @property {string[]} files everything in the repository that git does not ignore, relative to the root
 */

/**
 * @param {string} root
 * @returns {Context}
 */
export function repositoryContext(root) {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const listed = execFileSync("git", args, { cwd: root, encoding: "utf8", maxBuffer: 1 << 26 });
  // A file that was deleted and not yet committed is still listed.
  const files = listed.split("\0").filter((file) => file && existsSync(join(root, file)));
  return { root, files: [...new Set(files)] };
}

/**
 * A package.json and where it stands.
 * @typedef {object} WorkspacePackage
 * @property {string} folder relative to the root
 * @property {Record<string, any>} manifest
 */

/**
 * @param {Context} context
 * @returns {WorkspacePackage[]}
 */
export function workspacePackages({ root, files }) {
  return files
    .filter((file) => /^(apps|packages|tools)\/[^/]+\/package\.json$/.test(file))
    .map((file) => ({ folder: dirname(file), manifest: readJson(join(root, file)) }));
}

/** @param {Context} context */
export function publishedPackages(context) {
  return workspacePackages(context).filter(({ manifest }) => manifest["private"] !== true);
}

/** @param {string} file */
export function readJson(file) {
  return JSON.parse(readFileSync(file, "utf8"));
}

/**
 * The turbo.json of a package, or an empty one. Comment lines are allowed in it.
 * @param {string} root
 * @param {string} folder
 */
export function readTurbo(root, folder) {
  const file = join(root, folder, "turbo.json");
  if (!existsSync(file)) return {};
  return JSON.parse(readFileSync(file, "utf8").replace(/^\s*\/\/.*$/gm, ""));
}
