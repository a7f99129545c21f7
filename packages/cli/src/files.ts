import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, rename, rm, writeFile } from "node:fs/promises";
import { TwinwallError } from "@twinwall/abi";

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  ENOTDIR: "no such file",
  EISDIR: "a directory",
  EACCES: "not allowed to read it",
  EPERM: "not allowed to read it",
  ELOOP: "a symbolic link that leads nowhere",
  ENAMETOOLONG: "the name is too long",
};

/** Largest file that the command line reads, bytes. */
export const LARGEST_FILE = 1024 ** 3;

/**
 * Reads a whole file that the user named. What cannot be read is `E_NO_FILE` with the path and the reason;
 * a file above `largest` bytes is `E_LIMIT`.
 */
export async function readNamedFile(path: string, largest: number = LARGEST_FILE): Promise<Uint8Array> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, constants.O_RDONLY);
    return await readBounded(file, path, largest);
  } catch (error) {
    throw toNoFile(error, path);
  } finally {
    await file?.close();
  }
}

/** Reads pipes too, so it stops at the bound and trusts no size. */
async function readBounded(file: FileHandle, path: string, largest: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let total = 0;
  for await (const piece of file.createReadStream({ autoClose: false }) as AsyncIterable<Uint8Array>) {
    total += piece.length;
    if (total > largest) throw new TwinwallError("E_LIMIT", `${path} is larger than ${largest} bytes`);
    pieces.push(piece);
  }
  return new Uint8Array(Buffer.concat(pieces, total));
}

/** A failure of the file system as `E_NO_FILE`; other errors as they are. */
export function toNoFile(error: unknown, path: string): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
  if (error instanceof TwinwallError || code === undefined) return error;
  return new TwinwallError("E_NO_FILE", `${path}: ${REASONS[code] ?? code}`, { cause: error });
}

/** Writes a whole file. Whoever reads the file meanwhile sees the old one or the new one, never half of it. */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, bytes, { flag: "wx" });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw toNoFile(error, path);
  }
}
