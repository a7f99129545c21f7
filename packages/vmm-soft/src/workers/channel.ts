// Answers to host calls go through shared memory, since a Worker that waits reads no messages: four words, then room
// for a piece of the answer. Longer answers come piece by piece, each asked for by a message.

const State = 0;
const Status = 1;
const Total = 2;
const Piece = 3;
const HEAD_BYTES = 16;

/** Bytes of an answer that go over at a time. */
const PIECE_BYTES = 64 * 1024;

const Waiting = 0;
const Written = 1;

/** Makes a channel; `undefined` where there is no shared memory, as in a page without cross-origin isolation. */
export function makeChannel(): SharedArrayBuffer | undefined {
  if (typeof SharedArrayBuffer === "undefined") return undefined;
  return new SharedArrayBuffer(HEAD_BYTES + PIECE_BYTES);
}

/** The side that answers. */
export class AnswerWriter {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer, 0, HEAD_BYTES / 4);
    this.#bytes = new Uint8Array(buffer, HEAD_BYTES);
  }

  /** Answers with bytes, or with a negative error code. */
  write(result: Uint8Array | number): void {
    this.#rest = typeof result === "number" ? new Uint8Array(0) : result;
    this.#words[Status] = typeof result === "number" ? result : 0;
    this.#words[Total] = this.#rest.length;
    this.next();
  }

  /** Writes the next piece. */
  next(): void {
    const piece = this.#rest.subarray(0, this.#bytes.length);
    this.#rest = this.#rest.subarray(piece.length);
    this.#bytes.set(piece);
    this.#words[Piece] = piece.length;
    Atomics.store(this.#words, State, Written);
    Atomics.notify(this.#words, State);
  }
}

/** The side that waits. */
export class AnswerReader {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer, 0, HEAD_BYTES / 4);
    this.#bytes = new Uint8Array(buffer, HEAD_BYTES);
  }

  /**
   * Asks and waits for the answer. Whoever answers ends this thread when it takes too long.
   *
   * @param ask Sends the question.
   * @param more Sends for the next piece.
   * @param limit Longest answer that is taken, bytes.
   * @returns The bytes, a negative error code, or the length of an answer above the limit.
   */
  read(ask: () => void, more: () => void, limit: number): Uint8Array | { tooLong: number } | number {
    this.#wait(ask);
    const status = this.#words[Status] ?? 0;
    if (status < 0) return status;
    const total = this.#words[Total] ?? 0;
    if (total > limit) return { tooLong: total };
    const result = new Uint8Array(total);
    let at = 0;
    for (;;) {
      const piece = Math.min(this.#words[Piece] ?? 0, total - at);
      result.set(this.#bytes.subarray(0, piece), at);
      at += piece;
      if (at >= total) return result;
      this.#wait(more);
    }
  }

  #wait(send: () => void): void {
    Atomics.store(this.#words, State, Waiting);
    send();
    Atomics.wait(this.#words, State, Waiting);
  }
}
