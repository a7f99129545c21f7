import { spawn } from "node:child_process";
import { root } from "./paths.mjs";

const keptErrorCharacters = 4000;

/** A program that failed or could not be started; the message ends with what it said last. */
export class CommandError extends Error {}

/**
 * Runs a program at the repository's root, where the pinned Rust toolchain holds.
 * @param {string} program
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env] in addition to this process's own
 * @returns {Promise<string>} its standard output
 */
export function run(program, args, env = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    let errors = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      errors = (errors + text).slice(-keptErrorCharacters);
    });
    child.once("error", (error) => reject(new CommandError(`${program}: ${error.message}`)));
    child.once("close", (status) => {
      if (status === 0) resolve(output);
      else reject(new CommandError(`${program} ended with status ${status}: ${mainError(errors)}`));
    });
  });
}

/**
 * The first error that a compiler or Cargo named, else its last line.
 * @param {string} text
 */
export function mainError(text) {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.find((line) => /\berror\b/.test(line)) ?? lines.filter(Boolean).at(-1) ?? "no message";
}
