import { existsSync, readFileSync } from "node:fs";
import type { Kernel } from "@twinwall/programs";

/** The bytes of a kernel; `undefined` when it has not been built. */
export function readKernel({ path }: Kernel): Uint8Array<ArrayBuffer> | undefined {
  return existsSync(path) ? new Uint8Array(readFileSync(path)) : undefined;
}
