import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createCompiler } from "@twinwall/compiler";
import { resultError, Sandbox } from "@twinwall/sandbox";
import { artifacts } from "./languages.mjs";

/**
 * Why the guest of a language is not there; `undefined` when it is.
 * @param {string} name
 * @returns {string | undefined}
 */
export function guestProblem(name) {
  const manifest = join(artifacts, "manifest.json");
  /** @type {{ name: string, problem?: string }[]} */
  const entries = existsSync(manifest) ? JSON.parse(readFileSync(manifest, "utf8")) : [];
  const entry = entries.find((one) => one.name === name);
  if (entry === undefined)
    return "it is not built; type: pnpm --filter @twinwall/tool-languages run build:rust";
  return entry.problem;
}

/** @param {string} name */
export function guestModule(name) {
  return readFileSync(join(artifacts, `${name}.wasm`));
}

/** Interpreters are large: a compiler with room and time, and a cache that is not the user's. */
export function openCompiler() {
  const cacheDirectory = fileURLToPath(new URL("../.cache/compiled", import.meta.url));
  return createCompiler({ cacheDirectory, deadline: "600s", memory: "3GiB", cacheSize: "2GiB" });
}

/**
 * A sandbox with the guest, and what the world imports.
 * @param {string} name
 * @param {"kvm" | "soft"} machine
 * @param {import("@twinwall/compiler").Compiler} compiler
 * @param {(message: string) => void} log
 */
export async function openGuest(name, machine, compiler, log = () => {}) {
  const lookup = (/** @type {string} */ key) => {
    if (key === "nine") return 9;
    throw resultError(`no ${key}`);
  };
  return await Sandbox.create({
    module: guestModule(name),
    machine,
    compiler,
    host: { "twinwall:shapes/host@0.1.0": { log, lookup } },
    limits: { memory: "256MiB", deadline: "60s" },
  });
}
