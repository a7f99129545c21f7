// Lines for the host's `onStdout` and `onStderr`.

import { fd_write } from "./wasi_snapshot_preview1";

function writeLine(descriptor: u32, text: string): void {
  const line = String.UTF8.encode(text + "\n", false, String.UTF8.ErrorMode.REPLACE);
  // A piece of a gathered write: where it lies, and its length.
  const piece = memory.data(8);
  const written = memory.data(4);
  let start = changetype<usize>(line);
  let left = <usize>line.byteLength;
  while (left != 0) {
    store<usize>(piece, start);
    store<usize>(piece, left, 4);
    // What cannot be written is lost, as with any console.
    if (fd_write(descriptor, piece, 1, written) != 0) return;
    start += load<usize>(written);
    left -= load<usize>(written);
  }
}

/** Takes the place of AssemblyScript's `console` where it is imported. */
export namespace console {
  /** Writes a line to stdout. */
  export function log(text: string): void {
    writeLine(1, text);
  }

  /** Writes a line to stderr. */
  export function error(text: string): void {
    writeLine(2, text);
  }
}
