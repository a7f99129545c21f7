import { fileURLToPath } from "node:url";

/**
 * Path of a file of this package. The sources and the built files both lie two folders below the package, so the
 * same step leads up from either. For that it must stay a part of `platform.js`: what two entries share lies elsewhere.
 */
export function packageFile(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}
