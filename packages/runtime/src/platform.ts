import type { MachineName } from "@twinwall/abi";
import type { Driver } from "@twinwall/vmm";
import type { ImageName } from "./images.js";

/**
 * What differs between Node and browsers. The manifest's `imports` choose which file `#runtime/platform` is: `node/platform.ts`
 * or `browser/platform.ts`; nothing else in this package may ask where it runs.
 */
export interface Platform {
  /** SHA-256 of the pieces, one behind the other, hexadecimal. */
  sha256(...pieces: readonly (Uint8Array | string)[]): string;
  /** An environment variable; `undefined` where there is none. */
  environment(name: string): string | undefined;
  /**
   * Opens the KVM driver.
   *
   * @throws TwinwallError `E_NO_MACHINE` with the reason.
   */
  openKvm(): Promise<Driver>;
  /** Reads an image so that {@link loadImage} finds it; does nothing where it can be read at once. */
  prepareImage(name: ImageName, machine: MachineName): Promise<void>;
  /**
   * The bytes of an image.
   *
   * @throws TwinwallError `E_NO_FILE` when it has not been built, `E_UNSUPPORTED` when the machine has none.
   */
  loadImage(name: ImageName, machine: MachineName): Uint8Array;
}
