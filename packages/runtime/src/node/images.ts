import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { TwinwallError } from "@twinwall/abi";
import type { ImageSource } from "../images.js";

const loaded = new Map<string, Uint8Array>();

/** Where a file may lie: beside the built code, or in `dist` or `artifacts` when the sources run. */
function imagePaths(file: string): string[] {
  const here = dirname(fileURLToPath(import.meta.url));
  return ["../images", "../../dist/images", "../../artifacts/images"].map((directory) =>
    join(here, directory, file),
  );
}

/** Images from the files of this package. */
export const images: ImageSource = {
  prepare: async () => {},

  load(file) {
    const known = loaded.get(file);
    if (known !== undefined) return known;
    const path = imagePaths(file).find((candidate) => existsSync(candidate));
    if (path === undefined) {
      throw new TwinwallError(
        "E_NO_FILE",
        `image ${file} is missing; install @twinwall/runtime again, or in a checkout run \`pnpm build\``,
      );
    }
    const bytes = readFileSync(path);
    loaded.set(file, bytes);
    return bytes;
  },
};
