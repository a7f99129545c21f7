// turbo sees the imports of JavaScript only. Crates live inside the packages that ship them, so their dependencies
// must go the same way: down the layers, or stay within the package. Dependencies of tests may go anywhere.
import { execFileSync } from "node:child_process";
import { relative, sep } from "node:path";
import { readTurbo } from "../context.mjs";

/**
 * A crate, as `cargo metadata` describes it.
 * @typedef {object} Crate
 * @property {string} name
 * @property {string} manifest_path
 * @property {Array<{ name: string, path?: string, kind: string | null }>} dependencies
 */

/** @param {import("../context.mjs").Context} context */
export function check({ root }) {
  const args = ["metadata", "--no-deps", "--format-version", "1", "--locked", "--offline"];
  const text = execFileSync("cargo", args, { cwd: root, encoding: "utf8", maxBuffer: 1 << 26 });
  return violations(root, JSON.parse(text).packages, (folder) => readTurbo(root, folder).tags ?? []);
}

/**
 * @param {string} root
 * @param {Crate[]} crates
 * @param {(folder: string) => string[]} tagsOf turbo tags of a package's folder
 */
export function violations(root, crates, tagsOf) {
  return crates.flatMap((crate) => {
    const from = packageFolder(root, crate.manifest_path);
    const local = crate.dependencies.filter((dependency) => dependency.path && dependency.kind !== "dev");
    return local.flatMap((dependency) => {
      const to = packageFolder(root, `${dependency.path}${sep}Cargo.toml`);
      if (from === to || mayDependOn(tagsOf(from), tagsOf(to))) return [];
      return [`${crate.name} (${from}) may not depend on ${dependency.name} (${to}): not a lower layer`];
    });
  });
}

/**
 * @param {string[]} from
 * @param {string[]} to
 */
function mayDependOn(from, to) {
  if (layerOf(to) === undefined) return from.includes("tool");
  return layerOf(from) === undefined || Number(layerOf(from)) > Number(layerOf(to));
}

/** @param {string[]} tags */
function layerOf(tags) {
  return tags.map((tag) => /^layer-(\d+)$/.exec(tag)?.[1]).find((layer) => layer !== undefined);
}

/**
 * `packages/abi` for `<root>/packages/abi/rust/Cargo.toml`.
 * @param {string} root
 * @param {string} manifestPath
 */
function packageFolder(root, manifestPath) {
  return relative(root, manifestPath).split(sep).slice(0, 2).join("/");
}
