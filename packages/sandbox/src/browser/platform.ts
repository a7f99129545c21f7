import { FileError, type Platform } from "../platform.js";

/** A page or a Worker in a browser: files come by URL, paths relative to the page. */
export const platform: Platform = {
  async readFile(address) {
    try {
      const response = await fetch(address);
      if (response.ok) return new Uint8Array(await response.arrayBuffer());
      throw new FileError(
        response.status === 404
          ? "there is no such file"
          : `the server answered with status ${response.status}`,
      );
    } catch (cause) {
      if (cause instanceof FileError) throw cause;
      throw new FileError(cause instanceof Error ? cause.message : String(cause), { cause });
    }
  },
  async readWhole(address, most) {
    const bytes = await platform.readFile(address);
    if (bytes.length > most) throw new FileError(`it has ${bytes.length} bytes, more than ${most}`);
    return bytes;
  },

  writePrivate: () => Promise.reject(new FileError("a browser writes no files; keep the bytes instead")),
  hostMemory: () => undefined,
  soon: (work) => void setTimeout(work, 0),
};
