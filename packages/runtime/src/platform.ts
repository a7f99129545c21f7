import type { Driver, Isolation } from "@twinwall/vmm";

/**
 * What differs between Node and browsers. The manifest's `imports` choose which file `#runtime/platform` is: `node/platform.ts`
 * or `browser/platform.ts`; nothing else in this package may ask where it runs.
 */
export interface Platform {
  /** SHA-256 of the pieces, one behind the other, hexadecimal. */
  sha256(...pieces: readonly (Uint8Array | string)[]): string;
  /** HMAC with SHA-256 of the pieces, one behind the other, hexadecimal. */
  hmacSha256(key: Uint8Array, ...pieces: readonly Uint8Array[]): string;
  /** An environment variable; `undefined` where there is none. */
  environment(name: string): string | undefined;
  /**
   * Opens the KVM driver that has this isolation.
   *
   * @throws TwinwallError `E_NO_MACHINE` with the reason.
   */
  openKvm(isolation: Isolation): Promise<Driver>;
}
