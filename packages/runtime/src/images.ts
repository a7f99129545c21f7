import { type MachineName, show, TwinwallError } from "@twinwall/abi";
import { looksLikeWasm } from "./wasm-magic.js";

/** `wasm`: the WebAssembly runtime. `echo`: native code that returns what it gets, without WebAssembly; of KVM only. */
export type ImageName = "wasm" | "echo";

/** Where images come from when none was provided. */
export interface ImageSource {
  /** Reads an image so that `load` finds it; does nothing where it can be read at once. */
  prepare(file: string): Promise<void>;
  /**
   * The bytes of an image, the same object each time.
   *
   * @throws TwinwallError `E_NO_FILE` when it is not to be had.
   */
  load(file: string): Uint8Array;
}

const provided = new Map<string, Uint8Array>();
let source: ImageSource | undefined;

/**
 * Gives the runtime an image of the soft machine, instead of the one that comes with this package: the contents of
 * `@twinwall/runtime/image.wasm`, of the same release. Needed with the entry `./slim`, which loads nothing by itself.
 *
 * @param bytes Copied.
 * @throws TwinwallError `E_OPTION` when they are no WebAssembly.
 */
export function provideImage(bytes: Uint8Array): void {
  if (!(bytes instanceof Uint8Array) || !looksLikeWasm(bytes)) {
    throw new TwinwallError("E_OPTION", `image: ${show(bytes)} is not the contents of a .wasm file`);
  }
  provided.set(imageFile("wasm", "soft"), new Uint8Array(bytes));
}

/** Whether there can be images of the KVM machine: the slim entry has none. */
export function hasKvmImages(): boolean {
  return source !== undefined;
}

/** @private Internal: the full entry names its source. */
export function setImageSource(images: ImageSource): void {
  source = images;
}

/** Reads an image ahead of {@link loadImage}, where that takes time. */
export async function prepareImage(name: ImageName, machine: MachineName): Promise<void> {
  const file = imageFile(name, machine);
  if (!provided.has(file)) await source?.prepare(file);
}

/**
 * The bytes of an image; read once.
 *
 * @param machine Default `"kvm"`.
 * @throws TwinwallError `E_NO_FILE` when it has not been built or provided, `E_UNSUPPORTED` when the machine has none.
 */
export function loadImage(name: ImageName, machine: MachineName = "kvm"): Uint8Array {
  const file = imageFile(name, machine);
  const bytes = provided.get(file) ?? source?.load(file);
  if (bytes !== undefined) return bytes;
  const remedy =
    machine === "kvm"
      ? 'is not part of the slim entry: import the full entry, or take machine "soft"'
      : "was not provided: call provideImage with the contents of @twinwall/runtime/image.wasm, or import the full entry";
  throw new TwinwallError("E_NO_FILE", `image ${file} ${remedy}`);
}

function imageFile(name: ImageName, machine: MachineName): string {
  if (machine === "kvm") return `${name}.elf`;
  if (name === "wasm") return "wasm.wasm";
  throw new TwinwallError("E_UNSUPPORTED", `machine "${machine}" has no image "${name}"`);
}
