import { fileURLToPath } from "node:url";

/** This package's folder: sources and the built form lie at the same depth in it. */
const packageDirectory = fileURLToPath(new URL("..", import.meta.url));

/** Absolute path of a file of this package. */
export function packageFile(path: string): string {
  return `${packageDirectory}${path}`;
}
