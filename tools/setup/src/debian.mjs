import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { recordAttempts, wasTriedLately } from "./attempts.mjs";
import { debianPackages } from "./debian-packages.mjs";
import { findProgram, toolEnvironment } from "./environment.mjs";
import { cacheDirectory } from "./paths.mjs";
import { problemLine, SetupError } from "./problem.mjs";
import { capture, run } from "./run.mjs";

/** @typedef {import("./debian-packages.mjs").DebianPackage} DebianPackage */

const extractDirectory = join(cacheDirectory, "debian");

/**
 * Installs what a command needs from the distribution. Only a required package that cannot be had stops it.
 * @param {"start" | "test"} command
 */
export function ensureDebianPackages(command) {
  const absent = debianPackages.filter((entry) => entry.commands.includes(command) && !isPresent(entry));
  if (absent.length === 0) return;
  const untried = absent.filter((entry) => !wasTriedLately(entry.names[0] ?? ""));
  if (untried.length > 0 && findProgram("apt-get")) obtain(untried);
  const missing = absent.filter((entry) => !isPresent(entry));
  const required = missing.find((entry) => entry.required);
  if (required) throw new SetupError(problemOf(required));
  for (const entry of missing) console.log(problemLine(problemOf(entry)));
}

/** @param {DebianPackage} entry */
export function isPresent(entry) {
  return entry.probes.some((probe) =>
    probe.includes("/")
      ? matchesPath(probe.replace("@cache", cacheDirectory))
      : findProgram(probe, programPath()),
  );
}

// Debian keeps some programs where only root's PATH looks.
function programPath() {
  return `${toolEnvironment()["PATH"]}:/usr/sbin:/sbin`;
}

/**
 * Whether a path exists; `*` in a component stands for any characters.
 * @param {string} pattern an absolute path
 */
export function matchesPath(pattern) {
  let found = ["/"];
  for (const part of pattern.split("/").filter(Boolean)) {
    found = found.flatMap((directory) => matchingEntries(directory, part));
  }
  return found.length > 0;
}

/**
 * @param {string} directory
 * @param {string} part
 */
function matchingEntries(directory, part) {
  if (!part.includes("*")) return existsSync(join(directory, part)) ? [join(directory, part)] : [];
  if (!existsSync(directory)) return [];
  const escaped = part.split("*").map((piece) => piece.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  const expression = new RegExp(`^${escaped.join(".*")}$`);
  return readdirSync(directory)
    .filter((name) => expression.test(name))
    .map((name) => join(directory, name));
}

/** @param {DebianPackage} entry */
function problemOf(entry) {
  const why = `${entry.reason}${entry.required ? "" : " (tests that need it are skipped)"}`;
  const name = entry.names[0] ?? "";
  const type = findProgram("apt-get")
    ? `sudo apt-get install ${availableName(entry) ?? name}`
    : `install what your distribution calls ${name}`;
  return { what: `Debian package ${name}`, why, type };
}

/** @param {DebianPackage[]} entries */
function obtain(entries) {
  const isRoot = process.getuid?.() === 0;
  const installable = isRoot ? entries.filter((entry) => !entry.extractOnly) : [];
  const extractable = entries.filter((entry) => entry.extractOnly);
  if (installable.length === 0 && extractable.length === 0) return;
  if (isRoot && entries.some((entry) => !availableName(entry)))
    run("apt-get", ["update", ...patience], aptOptions());
  install(installable);
  for (const entry of extractable) extract(entry);
  recordAttempts([...installable, ...extractable].map((entry) => entry.names[0] ?? ""));
}

// A mirror that does not answer must not hold up a start for minutes.
const patience = ["-qq", "-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=20"];

function aptOptions() {
  return { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } };
}

/** @param {DebianPackage[]} entries */
function install(entries) {
  const names = entries.flatMap((entry) => availableName(entry) ?? []);
  if (names.length === 0) return;
  console.log(`Installing Debian packages: ${names.join(" ")}`);
  const args = ["install", "-y", "--no-install-recommends", ...patience];
  if (run("apt-get", [...args, ...names], aptOptions()) === 0) return;
  // Package lists that are old name files that are gone: fetch the lists and try once more, each package on its own.
  run("apt-get", ["update", ...patience], aptOptions());
  for (const name of names) run("apt-get", [...args, name], aptOptions());
}

/**
 * Unpacks a package, and the one that a meta package stands for, without installing it; needs no rights.
 * @param {DebianPackage} entry
 */
function extract(entry) {
  const name = availableName(entry);
  if (!name) return;
  console.log(`Unpacking Debian package ${name} into .cache/debian`);
  mkdirSync(extractDirectory, { recursive: true });
  // Root would download as another user, who may not write here.
  const options = [...patience, "-o", "APT::Sandbox::User=root"];
  for (const one of [name, ...dependenciesAlike(name)]) {
    if (run("apt-get", ["download", ...options, one], { ...aptOptions(), cwd: extractDirectory }) !== 0)
      return;
  }
  for (const file of readdirSync(extractDirectory).filter((file) => file.endsWith(".deb"))) {
    run("dpkg-deb", ["-x", join(extractDirectory, file), extractDirectory]);
    rmSync(join(extractDirectory, file));
  }
}

/**
 * The versioned package behind a meta package: linux-image-cloud-amd64 depends on linux-image-6.1.0-1-cloud-amd64.
 * @param {string} name
 */
function dependenciesAlike(name) {
  const stem = name.split("-").slice(0, 2).join("-");
  const { stdout } = capture("apt-cache", ["depends", name]);
  return [...stdout.matchAll(/Depends: (\S+)/g)].flatMap((match) =>
    match[1]?.startsWith(stem) ? [match[1]] : [],
  );
}

/**
 * The first of the names that the distribution offers.
 * @param {DebianPackage} entry
 */
function availableName(entry) {
  return entry.names.find((name) => /^Package: /m.test(capture("apt-cache", ["show", name]).stdout));
}
