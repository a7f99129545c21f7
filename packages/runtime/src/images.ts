import { type MachineName, TwinwallError } from "@twinwall/abi";

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
 * `@twinwall/runtime/image.wasm`. Needed with the entry `./slim`, which loads nothing by itself.
 */
export function provideImage(bytes: Uint8Array): void {
  provided.set(imageFile("wasm", "soft"), bytes);
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
  throw new TwinwallError(
    "E_NO_FILE",
    `image ${file} was not provided: call provideImage with the contents of @twinwall/runtime/image.wasm, or import the full entry`,
  );
}

function imageFile(name: ImageName, machine: MachineName): string {
  if (machine === "kvm") return `${name}.elf`;
  if (name === "wasm") return "wasm.wasm";
  throw new TwinwallError("E_UNSUPPORTED", `machine "${machine}" has no image "${name}"`);
}
