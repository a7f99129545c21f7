import { decodePassed, MAX_CHUNK_BYTES, TwinwallError } from "@twinwall/abi";
import type { Guest } from "./guests.js";
import { type AnswerShape, frameAnswer, HEADROOM, TAILROOM } from "./wire.js";

/** Longest answer to one chunk, bytes of data. */
export const ANSWER_BYTES = 4 * 2 ** 20;

/**
 * Buffers that all calls of a service share: calls are synchronous, so one answer is made at a time. Results of the guest
 * go where the answer's frame is made around them.
 */
export class Scratch {
  private readonly input = new Uint8Array(1 + MAX_CHUNK_BYTES);
  private bytes: Uint8Array;
  /** Bytes of the answer's data so far. */
  private length = 0;
  /** What the guest wrote by itself during the call, to go in front of its result. */
  private written: Uint8Array[] = [];
  /** Bytes that it may still write for this chunk. */
  private budget = 0;

  /** @param resultBytes Longest result of a call; the guest may write as much again by itself. */
  constructor(private readonly resultBytes: number) {
    this.bytes = new Uint8Array(HEADROOM + Math.min(resultBytes, ANSWER_BYTES) + TAILROOM);
  }

  /** Starts an answer. */
  begin(): void {
    this.length = 0;
    this.budget = this.resultBytes;
    this.written = [];
  }

  /**
   * Hands the guest a piece of a chunk, and adds what it passes on to the answer.
   *
   * @returns Whether it wants the connection closed.
   * @throws TwinwallError What the call fails with; `E_BAD_REPLY` for a result without flags or with unknown ones;
   * `E_LIMIT` when the answer is too long.
   */
  call(guest: Guest, data: Uint8Array, flags: number): boolean {
    const { input } = this;
    input[0] = flags;
    input.set(data, 1);
    // The flags of the result lie on the last byte in front of its data, which is put back.
    const at = HEADROOM + this.length - 1;
    const output = this.room(at);
    const covered = output[0] ?? 0;
    const length = guest.onData(input.subarray(0, 1 + data.length), output);
    const { close } = decodePassed(output.subarray(0, length));
    output[0] = covered;
    if (this.written.length > 0) this.insert(length - 1);
    this.length += length - 1;
    return close;
  }

  /**
   * Takes what the guest writes in the direction of the chunk.
   *
   * @throws Error when it is too much.
   */
  put(data: Uint8Array): void {
    this.spend(data.length);
    this.written.push(data.slice());
  }

  /**
   * Counts bytes that the guest writes by itself.
   *
   * @throws Error when they are too many.
   */
  spend(bytes: number): void {
    if (bytes > this.budget) {
      throw new Error(`more than ${this.resultBytes} bytes for one chunk`);
    }
    this.budget -= bytes;
  }

  /** The finished answer, in bytes of its own. */
  frame(shape: AnswerShape): Uint8Array {
    return frameAnswer(this.bytes, this.length, shape);
  }

  /** Room for a result, flags included, from `at` on. */
  private room(at: number): Uint8Array {
    const room = Math.min(this.resultBytes, 1 + ANSWER_BYTES - this.length);
    this.grow(at + room + TAILROOM);
    return this.bytes.subarray(at, at + room);
  }

  private grow(size: number): void {
    if (this.bytes.length >= size) return;
    const larger = new Uint8Array(Math.max(size, 2 * this.bytes.length));
    larger.set(this.bytes.subarray(0, HEADROOM + this.length));
    this.bytes = larger;
  }

  /** Puts what was written in front of the result that lies at the end. */
  private insert(resultLength: number): void {
    const begin = HEADROOM + this.length;
    const result = this.bytes.slice(begin, begin + resultLength);
    let at = begin;
    for (const part of [...this.written, result]) {
      this.grow(at + part.length + TAILROOM);
      this.bytes.set(part, at);
      at += part.length;
      this.length += part.length;
    }
    this.length -= resultLength;
    this.written = [];
    if (this.length + resultLength > ANSWER_BYTES) {
      throw new TwinwallError("E_LIMIT", `an answer is longer than ${ANSWER_BYTES} bytes`);
    }
  }
}
