import type { Stats } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { TwinwallError } from "@twinwall/abi";
import { UsageError } from "./failure.js";
import { readNamedFile, toNoFile } from "./files.js";

/** What a file tree may hold. */
export interface TreeLimits {
  /** Files and directories together. */
  readonly entries: number;
  /** Bytes of all files together. */
  readonly bytes: number;
  /** Directories inside one another. */
  readonly depth: number;
}

export const TREE_LIMITS: TreeLimits = { entries: 10_000, bytes: 256 * 1024 ** 2, depth: 64 };

/** Files by their absolute path in the guest. */
export type FileTree = Record<string, Uint8Array>;

/**
 * Reads what `--dir GUEST=HOST` names into memory: a directory with all below it, or one file. Symbolic links are
 * followed as long as they stay inside HOST; links that leave it, sockets and devices are left out. More than
 * `limits` allow is `E_LIMIT`.
 */
export async function readFileTree(
  mappings: readonly string[],
  limits: TreeLimits = TREE_LIMITS,
): Promise<FileTree> {
  const reader = new TreeReader(limits);
  for (const mapping of mappings) await reader.add(mapping);
  return reader.files;
}

class TreeReader {
  readonly files: FileTree = Object.create(null) as FileTree;
  #entries = 0;
  #bytes = 0;

  constructor(private readonly limits: TreeLimits) {}

  async add(mapping: string): Promise<void> {
    const { guest, host } = parseMapping(mapping);
    const root = await realpath(host).catch((error: unknown) => {
      throw toNoFile(error, host);
    });
    await this.#read(guest, root, root, 0);
  }

  /** `host` is a real path inside `root`. */
  async #read(guest: string, host: string, root: string, depth: number): Promise<void> {
    this.#count(host, depth);
    const status = await statOf(host);
    if (status.isDirectory()) await this.#readDirectory(guest, host, root, depth);
    else if (status.isFile()) await this.#readFile(guest, host);
  }

  async #readDirectory(guest: string, host: string, root: string, depth: number): Promise<void> {
    const names = await readdir(host).catch((error: unknown) => {
      throw toNoFile(error, host);
    });
    for (const name of names.sort()) {
      const inside = await resolveInside(join(host, name), root);
      // A link to a directory that this one lies in would go round for ever.
      if (inside === undefined || isWithin(host, inside)) continue;
      await this.#read(guest === "/" ? `/${name}` : `${guest}/${name}`, inside, root, depth + 1);
    }
  }

  async #readFile(guest: string, host: string): Promise<void> {
    if (guest === "/") throw new UsageError(`--dir: the guest's / is a directory, but ${host} is a file`);
    const bytes = await readNamedFile(host, this.limits.bytes - this.#bytes);
    this.#bytes += bytes.length;
    this.files[guest] = bytes;
  }

  #count(host: string, depth: number): void {
    this.#entries += 1;
    const { entries, depth: deepest } = this.limits;
    if (this.#entries > entries)
      throw new TwinwallError("E_LIMIT", `--dir: more than ${entries} files, at ${host}`);
    if (depth > deepest)
      throw new TwinwallError("E_LIMIT", `--dir: more than ${deepest} directories deep, at ${host}`);
  }
}

/** Splits at the first `=`; the guest's path must be absolute and without `.`, `..` or empty parts. */
function parseMapping(mapping: string): { guest: string; host: string } {
  const split = mapping.indexOf("=");
  const guest = mapping.slice(0, Math.max(split, 0));
  const host = mapping.slice(split + 1);
  if (split < 0 || host === "") throw new UsageError(`--dir takes GUEST=HOST, not ${mapping}`);
  const trimmed = guest.length > 1 ? guest.replace(/\/+$/, "") : guest;
  const parts = trimmed.split("/").slice(1);
  const plain = trimmed === "/" || parts.every((part) => part !== "" && part !== "." && part !== "..");
  if (!trimmed.startsWith("/") || !plain)
    throw new UsageError(`--dir: ${guest} is not an absolute path of the guest`);
  return { guest: trimmed, host };
}

async function statOf(host: string): Promise<Stats> {
  return await stat(host).catch((error: unknown) => {
    throw toNoFile(error, host);
  });
}

/** Where `path` really lies, or nothing when that is outside of `root` or the link is broken. */
async function resolveInside(path: string, root: string): Promise<string | undefined> {
  const real = await realpath(path).catch(() => undefined);
  return real !== undefined && isWithin(real, root) ? real : undefined;
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
}
