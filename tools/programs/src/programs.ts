import { existsSync, readFileSync } from "node:fs";
import { packageFile } from "./paths.js";

/** A third-party command-line program, built to WASI preview 1. */
export interface Program {
  readonly name: string;
  readonly version: string;
  /** Registry, package and version that it was built from. */
  readonly origin: string;
  /** SPDX expression. */
  readonly licence: string;
  /** Absolute path of the module. */
  readonly path: string;
  /** Size of the module in bytes. */
  readonly bytes: number;
  /** Hash of the module, in hexadecimal. */
  readonly sha256: string;
}

interface ManifestEntry extends Omit<Program, "path" | "bytes" | "sha256"> {
  readonly file?: string;
  readonly bytes?: number;
  readonly sha256?: string;
  readonly problem?: string;
}

const howToBuild = "type: pnpm --filter @twinwall/programs run build:rust";

function readManifest(): readonly ManifestEntry[] {
  const file = packageFile("artifacts/manifest.json");
  if (!existsSync(file)) return [];
  const { programs } = JSON.parse(readFileSync(file, "utf8")) as { programs: ManifestEntry[] };
  return programs;
}

/** Names of all programs, built or not. */
export function programNames(): string[] {
  const sources = JSON.parse(readFileSync(packageFile("programs.json"), "utf8")) as { name: string }[];
  return sources.map(({ name }) => name);
}

/** Why a program is not there, for a test to be skipped with; undefined when it is. */
export function programProblem(name: string): string | undefined {
  const entry = readManifest().find((one) => one.name === name);
  if (entry?.problem) return `${name} could not be built: ${entry.problem}`;
  if (!entry?.file || !existsSync(packageFile(`artifacts/${entry.file}`)))
    return programNames().includes(name)
      ? `${name} is not built; ${howToBuild}`
      : `no program is called ${name}`;
  return undefined;
}

/**
 * A built program.
 *
 * @throws Error saying why, when it is not there
 */
export function program(name: string): Program {
  const problem = programProblem(name);
  const entry = readManifest().find((one) => one.name === name);
  if (problem !== undefined || !entry) throw new Error(problem);
  const { version, origin, licence, file = "", bytes = 0, sha256 = "" } = entry;
  return { name, version, origin, licence, path: packageFile(`artifacts/${file}`), bytes, sha256 };
}

/**
 * Absolute path of a built program's module.
 *
 * @throws Error saying why, when it is not there
 */
export function programPath(name: string): string {
  return program(name).path;
}
