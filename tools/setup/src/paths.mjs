import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root. */
export const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");

/** Tools and downloads of this clone; ignored by git, safe to delete. */
export const cacheDirectory = join(root, ".cache");

/** Where the pinned package manager is installed. */
export const toolsDirectory = join(cacheDirectory, "tools");
