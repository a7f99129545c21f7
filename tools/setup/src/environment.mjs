import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { root, toolsDirectory } from "./paths.mjs";

// npm describes the script it runs in these; a package manager started below must not take them for its own.
const npmScriptVariables = /^npm_(lifecycle|package|command|execpath|node_execpath|config_local_prefix)/;

/**
 * The environment of everything that set-up starts: this clone's tools first on PATH, rustup's directory last.
 * @param {NodeJS.ProcessEnv} [base]
 * @returns {NodeJS.ProcessEnv}
 */
export function toolEnvironment(base = process.env) {
  const kept = Object.entries(base).filter(([name]) => !npmScriptVariables.test(name));
  const cargoBin = join(base["CARGO_HOME"] ?? join(homedir(), ".cargo"), "bin");
  const path = [join(toolsDirectory, "node_modules/.bin"), join(root, "node_modules/.bin"), base["PATH"]];
  if (existsSync(cargoBin)) path.push(cargoBin);
  return {
    ...Object.fromEntries(kept),
    PATH: path.filter(Boolean).join(delimiter),
    TURBO_TELEMETRY_DISABLED: "1",
    TURBO_NO_UPDATE_NOTIFIER: "1",
  };
}

/**
 * Full path of a program on a PATH, or undefined.
 * @param {string} program
 * @param {string} [path]
 */
export function findProgram(program, path = process.env["PATH"] ?? "") {
  return path
    .split(delimiter)
    .filter(Boolean)
    .map((directory) => join(directory, program))
    .find((file) => existsSync(file));
}
