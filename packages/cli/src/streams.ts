import { fstatSync, writeSync } from "node:fs";
import { TwinwallError } from "@twinwall/abi";

/** Largest standard input, bytes. */
export const LARGEST_STDIN = 512 * 1024 ** 2;

const PAUSE_MS = 1;
const pause = new Int32Array(new SharedArrayBuffer(4));

/** The reader of a standard stream has gone away, as `| head` does. */
export class ClosedStreamError extends Error {
  override readonly name = "ClosedStreamError";

  /** Whether this is what led to `error`, through any number of causes. */
  static isCauseOf(error: unknown): boolean {
    if (error instanceof ClosedStreamError) return true;
    return error instanceof Error && error.cause !== undefined && ClosedStreamError.isCauseOf(error.cause);
  }
}

/**
 * Writes all of `bytes` to a file descriptor before it returns: while a guest runs inline, the event loop stands
 * still, and what the guest says must not wait for it.
 */
export function writeFully(descriptor: number, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.length) {
    try {
      written += writeSync(descriptor, bytes, written);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      // A socket whose reader left something unread says ECONNRESET, a pipe EPIPE.
      if (code === "EPIPE" || code === "ECONNRESET")
        throw new ClosedStreamError("the reader of the output has gone", { cause: error });
      if (code !== "EAGAIN") throw error;
      Atomics.wait(pause, 0, 0, PAUSE_MS);
    }
  }
}

/**
 * All of standard input when something is piped or redirected into it; nothing when it is a terminal or closed,
 * since a guest gets its input before it runs.
 */
export async function readStandardInput(): Promise<Uint8Array> {
  if (process.stdin.isTTY || !isOpen(0)) return new Uint8Array();
  const pieces: Uint8Array[] = [];
  let total = 0;
  for await (const piece of process.stdin as AsyncIterable<Uint8Array>) {
    total += piece.length;
    if (total > LARGEST_STDIN)
      throw new TwinwallError("E_LIMIT", `standard input is larger than ${LARGEST_STDIN} bytes`);
    pieces.push(piece);
  }
  return new Uint8Array(Buffer.concat(pieces, total));
}

function isOpen(descriptor: number): boolean {
  try {
    fstatSync(descriptor);
    return true;
  } catch {
    return false;
  }
}

/** Writes a line of text to a file descriptor. */
export function writeLine(descriptor: number, text: string): void {
  writeFully(descriptor, new TextEncoder().encode(`${text}\n`));
}
