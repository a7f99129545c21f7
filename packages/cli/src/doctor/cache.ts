import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** Contents of the compiler's cache at `directory`, one line. That the directory is safe is the compiler's check. */
export async function describeCache(directory: string): Promise<string> {
  let entries = 0;
  let bytes = 0;
  for (const name of await readdir(directory)) {
    const status = await stat(join(directory, name)).catch(() => undefined);
    if (status?.isFile() !== true) continue;
    entries += 1;
    bytes += status.size;
  }
  return `${directory}, ${entries} files, ${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}
