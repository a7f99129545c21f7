import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { TwinwallError } from "@twinwall/abi";

/** `wasm`: the WebAssembly runtime. `echo`: native code that returns what it gets, without WebAssembly. */
export type ImageName = "wasm" | "echo";

const loaded = new Map<ImageName, Uint8Array>();

/** Where an image may lie: beside the built code, or in `dist` or `artifacts` when the sources run. */
export function imagePaths(name: ImageName): string[] {
  const here = dirname(fileURLToPath(import.meta.url));
  const file = `images/${name}.elf`;
  return [join(here, file), join(here, "../dist", file), join(here, "../artifacts", file)];
}

/**
 * The bytes of an image for KVM machines; read once.
 *
 * @throws TwinwallError `E_NO_FILE` when it has not been built.
 */
export function loadImage(name: ImageName): Uint8Array {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const path = imagePaths(name).find((candidate) => existsSync(candidate));
  if (path === undefined) {
    throw new TwinwallError(
      "E_NO_FILE",
      `image ${name}.elf is missing; install @twinwall/runtime again, or in a checkout run \`pnpm build\``,
    );
  }
  const bytes = readFileSync(path);
  loaded.set(name, bytes);
  return bytes;
}
