import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toolEnvironment } from "./environment.mjs";
import { root, toolsDirectory } from "./paths.mjs";
import { SetupError } from "./problem.mjs";
import { run } from "./run.mjs";

/**
 * The version that `packageManager` pins, such as `pnpm@10.34.9`.
 * @param {string} manifest text of the root package.json
 */
export function pinnedVersion(manifest) {
  const pin = JSON.parse(manifest).packageManager;
  const version = /^pnpm@(\d+\.\d+\.\d+)$/.exec(pin)?.[1];
  if (!version) throw new Error(`package.json: packageManager must be pnpm@VERSION, not ${pin}`);
  return version;
}

/** Installs the pinned pnpm for this clone alone. Corepack is not used: it reaches one registry only. */
export function ensurePnpm() {
  const version = pinnedVersion(readFileSync(join(root, "package.json"), "utf8"));
  const installed = join(toolsDirectory, "node_modules/pnpm/package.json");
  if (existsSync(installed) && JSON.parse(readFileSync(installed, "utf8")).version === version) return;
  console.log(`Installing pnpm ${version} into .cache/tools`);
  mkdirSync(toolsDirectory, { recursive: true });
  const args = [
    "install",
    "--prefix",
    toolsDirectory,
    "--no-save",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
  ];
  // In toolsDirectory too, so that npm does not take this repository for the project it works on.
  const status = run("npm", [...args, `pnpm@${version}`], { env: toolEnvironment(), cwd: toolsDirectory });
  if (status !== 0 || !existsSync(installed)) {
    throw new SetupError({
      what: `pnpm ${version}`,
      why: "it installs the packages of this repository, and npm could not fetch it",
      type: `npm install --prefix .cache/tools pnpm@${version} (and look at what npm says)`,
    });
  }
}

/** Installs what the lock file names, unless that was done for these very files. */
export function installPackages() {
  const stamp = join(root, "node_modules/.twinwall-installed");
  const wanted = hashFiles(manifestFiles());
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  console.log("Installing packages");
  // CI=true: pnpm asks no questions.
  const env = { ...toolEnvironment(), CI: "true" };
  if (run("pnpm", ["install", "--frozen-lockfile", "--reporter=append-only"], { env }) !== 0) {
    throw new SetupError({
      what: "packages of pnpm-lock.yaml",
      why: "nothing can be built without them",
      type: "PATH=$PWD/.cache/tools/node_modules/.bin:$PATH pnpm install (and look at what pnpm says)",
    });
  }
  writeFileSync(stamp, wanted);
}

/** Every file that decides what gets installed, in a fixed order. */
function manifestFiles() {
  const files = ["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml", ".npmrc"];
  for (const directory of ["apps", "packages", "tools"]) {
    for (const name of readdirSync(join(root, directory)).sort())
      files.push(`${directory}/${name}/package.json`);
  }
  return files.map((file) => join(root, file)).filter((file) => existsSync(file));
}

/** @param {string[]} files */
export function hashFiles(files) {
  const hash = createHash("sha256").update(process.version);
  for (const file of files) {
    const content = readFileSync(file);
    hash.update(`\0${file}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}
