import { readFileSync } from "node:fs";
import { target } from "./paths.mjs";
import { run } from "./run.mjs";

/** @typedef {import("./main.mjs").Source} Source */

// The crates' own code, features and lock file; only how long the build takes is decided here.
const profile = {
  // Smaller modules: the tests compile each of them.
  CARGO_PROFILE_RELEASE_OPT_LEVEL: "s",
  CARGO_PROFILE_RELEASE_LTO: "false",
  CARGO_PROFILE_RELEASE_DEBUG: "0",
  CARGO_PROFILE_RELEASE_STRIP: "true",
};

/** What a build depends on besides the source. */
export async function cargoToolchain() {
  return `${await run("rustc", ["--version"])}${JSON.stringify(profile)}`;
}

/**
 * Installs a command-line crate from its registry, as `cargo install` does, for WASI preview 1.
 * @param {Source} source
 * @param {{ binary: string, options: string[] }} build
 * @returns {Promise<Uint8Array>} the module
 */
export async function buildWithCargo({ crate, version }, { binary, options }) {
  const root = `${target}/installed`;
  const what = ["--version", `=${version}`, "--locked", ...options, crate];
  const where = ["--target", "wasm32-wasip1", "--target-dir", target, "--root", root, "--force", "--quiet"];
  await run("cargo", ["install", ...where, ...what], profile);
  return readFileSync(`${root}/bin/${binary}.wasm`);
}
