import { randomFillSync } from "node:crypto";

/** Sizes that are sent, bytes. */
export const PAYLOAD_SIZES = [128, 512, 1024, 4096] as const;

/** Largest piece in which a file is sent, bytes. */
export const PIECE_BYTES = 1024 * 1024;

/** Fresh random bytes, so that a stale answer cannot pass for the right one. */
export function randomPayload(size: number): Uint8Array {
  return randomFillSync(new Uint8Array(size));
}

/** `128 B`, `4 KiB`. */
export function showSize(bytes: number): string {
  return bytes >= 1024 && bytes % 1024 === 0 ? `${bytes / 1024} KiB` : `${bytes} B`;
}

/** Throws unless `received` holds exactly the bytes of `sent`. */
export function verify(sent: Uint8Array, received: Uint8Array): void {
  if (received.length !== sent.length) {
    throw new Error(`wrong answer: ${sent.length} bytes went in, ${received.length} came back`);
  }
  if (Buffer.compare(sent, received) === 0) return;
  const wrong = sent.findIndex((byte, index) => byte !== received[index]);
  throw new Error(`wrong answer: byte ${wrong} of ${sent.length} differs`);
}

/** A file in pieces; an empty file is one empty piece. */
export function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start === 0 || start < bytes.length; start += PIECE_BYTES) {
    yield bytes.subarray(start, start + PIECE_BYTES);
  }
}
