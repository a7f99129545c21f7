import { type MachineName, TwinwallError } from "@twinwall/abi";
import { platform } from "#runtime/platform";

/** `wasm`: the WebAssembly runtime. `echo`: native code that returns what it gets, without WebAssembly; of KVM only. */
export type ImageName = "wasm" | "echo";

/**
 * The bytes of an image; read once.
 *
 * @param machine Default `"kvm"`.
 * @throws TwinwallError `E_NO_FILE` when it has not been built, `E_UNSUPPORTED` when the machine has none.
 */
export function loadImage(name: ImageName, machine: MachineName = "kvm"): Uint8Array {
  return platform.loadImage(name, machine);
}

/**
 * File of an image.
 *
 * @throws TwinwallError `E_UNSUPPORTED` where the machine has none of that name.
 */
export function imageFile(name: ImageName, machine: MachineName): string {
  if (machine === "kvm") return `${name}.elf`;
  if (name === "wasm") return "wasm.wasm";
  throw new TwinwallError("E_UNSUPPORTED", `machine "${machine}" has no image "${name}"`);
}
