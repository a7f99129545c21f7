import { createHash, randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { open, readdir, rename, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { openCacheDirectory } from "./cache-directory.js";

const DIGEST_BYTES = 32;
const ENTRY = /^[0-9a-f]{64}\.entry$/;
const TEMPORARY = /^\.[0-9a-f-]{36}\.tmp$/;

/** A temporary file older than this was left by a process that died, milliseconds. */
const ABANDONED = 60 * 60 * 1000;

/**
 * Compiled modules on disk. An entry is the SHA-256 of its payload, then the payload; a file that does not hold
 * together is removed and counts as absent. Several processes may share the folder.
 */
export class ArtifactCache {
  #opened: Promise<void> | undefined;
  /** Bytes that may be written before the folder is looked through again: that takes a while when it holds a lot. */
  #unseen = 0;

  /**
   * @param directory Is made at the first use, with access for its owner alone.
   * @param capacity Most bytes in all entries.
   */
  constructor(
    readonly directory: string,
    readonly capacity: number,
  ) {}

  /**
   * The entry of `key`, or `undefined`.
   *
   * @throws TwinwallError `E_OPTION` when the folder cannot be trusted.
   */
  async read(key: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    await this.#open();
    const path = this.#path(key);
    const bytes = await readPrivateFile(path, this.capacity + DIGEST_BYTES);
    if (bytes === undefined) return undefined;
    const payload = bytes.subarray(DIGEST_BYTES);
    if (digest(payload).equals(bytes.subarray(0, DIGEST_BYTES))) return new Uint8Array(payload);
    await remove(path);
    return undefined;
  }

  /**
   * Stores an entry and makes room for it. A full or read-only disk is not an error: the cache then lacks the entry.
   *
   * @throws TwinwallError `E_OPTION` when the folder cannot be trusted.
   */
  async write(key: string, payload: Uint8Array): Promise<void> {
    await this.#open();
    if (payload.length + DIGEST_BYTES > this.capacity) return;
    const temporary = join(this.directory, `.${randomUUID()}.tmp`);
    try {
      await writeNew(temporary, [digest(payload), payload]);
      // Readers see the whole entry or none.
      await rename(temporary, this.#path(key));
      this.#unseen -= payload.length + DIGEST_BYTES;
      if (this.#unseen < 0) await this.#makeRoom();
    } catch {
      await remove(temporary);
    }
  }

  #open(): Promise<void> {
    this.#opened ??= openCacheDirectory(this.directory);
    return this.#opened;
  }

  #path(key: string): string {
    return join(this.directory, `${key}.entry`);
  }

  /** Removes the entries used longest ago until the rest fits, and what dead processes left. */
  async #makeRoom(): Promise<void> {
    const entries: { path: string; bytes: number; used: number }[] = [];
    for (const name of await readdir(this.directory)) {
      const path = join(this.directory, name);
      const status = await stat(path).catch(() => undefined);
      if (status === undefined) continue;
      if (ENTRY.test(name)) entries.push({ path, bytes: status.size, used: status.mtimeMs });
      else if (TEMPORARY.test(name) && Date.now() - status.mtimeMs > ABANDONED) await remove(path);
    }
    entries.sort((a, b) => a.used - b.used);
    let total = entries.reduce((sum, entry) => sum + entry.bytes, 0);
    for (const entry of entries) {
      if (total <= this.capacity) break;
      await remove(entry.path);
      total -= entry.bytes;
    }
    // Others may write too: a part of what is free, at most.
    this.#unseen = Math.min(this.capacity - total, this.capacity) / 16;
  }
}

/** Reads a regular file of this user's and marks it as used; `undefined` when it is absent or not such a file. */
async function readPrivateFile(path: string, limit: number): Promise<Buffer | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const status = await file.stat();
    const user = process.getuid?.() ?? status.uid;
    if (!status.isFile() || status.uid !== user || status.size > limit) return undefined;
    const bytes = await file.readFile();
    const now = new Date();
    await file.utimes(now, now).catch(() => undefined);
    return bytes;
  } finally {
    await file.close();
  }
}

async function writeNew(path: string, pieces: readonly Uint8Array[]): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    for (const piece of pieces) await file.writeFile(piece);
  } finally {
    await file.close();
  }
}

async function remove(path: string): Promise<void> {
  await unlink(path).catch(() => undefined);
}

function digest(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}
