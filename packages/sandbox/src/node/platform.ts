import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { open, readFile, rename, rm } from "node:fs/promises";
import os from "node:os";
import { FileError, type Platform } from "../platform.js";

/** Node: files are those of the file system. */
export const platform: Platform = {
  async readFile(address) {
    try {
      return await readFile(address);
    } catch (cause) {
      throw fileError(cause);
    }
  },

  async readWhole(address, most) {
    try {
      await using file = await open(address, constants.O_RDONLY | constants.O_NONBLOCK);
      const stats = await file.stat();
      if (!stats.isFile()) throw new FileError("it is no file");
      if (stats.size > most) throw new FileError(`it has ${stats.size} bytes, more than ${most}`);
      // It may grow meanwhile.
      const bytes = new Uint8Array(stats.size);
      let length = 0;
      while (length < bytes.length) {
        const { bytesRead } = await file.read(bytes, length, bytes.length - length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return bytes.subarray(0, length);
    } catch (cause) {
      throw cause instanceof FileError ? cause : fileError(cause);
    }
  },

  async writePrivate(path, bytes) {
    const temporary = `${path}.${randomBytes(8).toString("hex")}.new`;
    try {
      // Exclusively, whatever the umask: whoever has a file of that name does not get what is written.
      await using file = await open(temporary, "wx", 0o600);
      await file.chmod(0o600);
      await file.writeFile(bytes);
      await file.sync();
      await rename(temporary, path);
    } catch (cause) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw fileError(cause);
    }
  },

  hostMemory: () => os.totalmem(),
  soon: (work) => void setImmediate(work),
};

function fileError(cause: unknown): FileError {
  const reason = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
  return new FileError(reason === "ENOENT" ? "there is no such file" : reason, { cause });
}
