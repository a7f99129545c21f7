/**
 * What differs between Node and browsers. The manifest's `imports` choose which file `#sandbox/platform` is: `node/platform.ts`
 * or `browser/platform.ts`; nothing else in this package may ask where it runs.
 */
export interface Platform {
  /**
   * Reads a file by its path or URL.
   *
   * @throws FileError When it cannot be read.
   */
  readFile(address: string | URL): Promise<Uint8Array>;
  /**
   * Reads a whole file of at most `most` bytes, which is no device and no folder.
   *
   * @throws FileError When it cannot be read.
   */
  readWhole(address: string | URL, most: number): Promise<Uint8Array>;
  /**
   * Writes a file for its owner only, in one step: others see the old one or the new one.
   *
   * @throws FileError When it cannot be written; then nothing is left behind.
   */
  writePrivate(path: string, bytes: Uint8Array): Promise<void>;
  /** Bytes of memory that the host has in all; `undefined` where nobody says. */
  hostMemory(): number | undefined;
  /** Calls back in a later turn of the event loop, behind what is due already. */
  soon(work: () => void): void;
}

/** Why a file cannot be read; the message is for people. */
export class FileError extends Error {}
