import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

/** @typedef {import("./model.mjs").RunnerReport} RunnerReport */

const reportFolder = ".reports";

/**
 * Folders of the workspace's packages, relative to the root.
 * @param {string} root
 */
export function packageFolders(root) {
  return ["apps", "packages", "tools"]
    .flatMap((parent) =>
      existsSync(join(root, parent))
        ? readdirSync(join(root, parent)).map((name) => `${parent}/${name}`)
        : [],
    )
    .filter((folder) => existsSync(join(root, folder, "package.json")))
    .sort();
}

/** @param {string} root */
export function clearReports(root) {
  for (const folder of packageFolders(root))
    rmSync(join(root, folder, reportFolder), { recursive: true, force: true });
}

/**
 * Every report of the last run; a package that has a `test` script and no report becomes a report with one failure.
 * @param {string} root
 * @returns {RunnerReport[]}
 */
export function collectReports(root) {
  return packageFolders(root).flatMap((folder) => {
    const found = readReports(root, folder);
    return found.length === 0 && hasTests(root, folder) ? [unfinished(folder)] : found;
  });
}

/**
 * @param {string} root
 * @param {string} folder
 * @returns {RunnerReport[]}
 */
function readReports(root, folder) {
  const directory = join(root, folder, reportFolder);
  if (!existsSync(directory)) return [];
  const files = readdirSync(directory).filter((name) => name.endsWith(".json"));
  return files.sort().map((file) => {
    const { tests } = JSON.parse(readFileSync(join(directory, file), "utf8"));
    const runner = `${folder} (${file.replace(/\.json$/, "")})`;
    // A runner that found nothing to run tells nothing: wrong paths would look like success.
    return {
      runner,
      tests: tests.length > 0 ? tests : [{ name: folder, state: "failed", detail: "no tests found" }],
    };
  });
}

/**
 * @param {string} root
 * @param {string} folder
 */
function hasTests(root, folder) {
  const manifest = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
  return Boolean(manifest.scripts?.test);
}

/**
 * @param {string} folder
 * @returns {RunnerReport}
 */
function unfinished(folder) {
  const detail = "no report: its build failed, or its runner did not finish";
  return { runner: folder, tests: [{ name: folder, state: "failed", detail }] };
}
