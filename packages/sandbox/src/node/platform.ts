import { readFile } from "node:fs/promises";
import { FileError, type Platform } from "../platform.js";

/** Node: files are those of the file system. */
export const platform: Platform = {
  async readFile(address) {
    try {
      return await readFile(address);
    } catch (cause) {
      const reason = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
      throw new FileError(reason === "ENOENT" ? "there is no such file" : reason, { cause });
    }
  },
};
