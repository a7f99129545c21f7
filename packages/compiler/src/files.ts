import { fileURLToPath } from "node:url";

/**
 * Path of a file of this package. The sources and the built files both lie one folder below the package, so the
 * same step leads up from either.
 */
export function packageFile(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}
