import { spawnSync } from "node:child_process";
import { root } from "./paths.mjs";

/**
 * @typedef {object} RunOptions
 * @property {NodeJS.ProcessEnv} [env]
 * @property {string} [cwd] default: the repository's root
 */

/**
 * Runs a program with this terminal; returns its exit status (1 when it could not be started).
 * @param {string} program
 * @param {string[]} args
 * @param {RunOptions} [options]
 */
export function run(program, args, options = {}) {
  const result = spawnSync(program, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"], ...options });
  return exitStatus(result);
}

/**
 * Runs a program silently.
 * @param {string} program
 * @param {string[]} args
 * @param {RunOptions} [options]
 */
export function capture(program, args, options = {}) {
  const result = spawnSync(program, args, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    ...options,
  });
  const stderr = result.error ? result.error.message : result.stderr;
  return { status: exitStatus(result), stdout: result.stdout ?? "", stderr };
}

/** @param {{ status: number | null, error?: Error | undefined }} result */
function exitStatus(result) {
  return result.error || result.status === null ? 1 : result.status;
}
