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
}

/** Why a file cannot be read; the message is for people. */
export class FileError extends Error {}
