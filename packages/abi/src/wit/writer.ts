import { LARGEST_AREA } from "../limits.js";
import { HEAD_BYTES, writeHead, writeLength } from "./frame.js";
import { alignTo } from "./layout.js";
import { Mismatch } from "./mismatch.js";
import type { ResourceBridge } from "./values-codec.js";

const encoder = new TextEncoder();

/** Strings up to this length are tried character by character: for short ones that is faster than a call of the engine. */
const SHORT = 40;

/** No area takes more. */
const LARGEST = LARGEST_AREA - HEAD_BYTES;

/** Bytes to begin with. */
const FIRST = 256;

/** So many images in a row that fill less than a quarter of the buffer make it smaller. */
const PATIENCE = 64;

/** An image that grows. Positions are relative to the image; its frame's head lies in front. */
export class Writer {
  bytes: Uint8Array = new Uint8Array(FIRST);
  view: DataView = new DataView(this.bytes.buffer);
  resources: ResourceBridge | undefined;
  #end = 0;
  #frame: Uint8Array = this.bytes.subarray(0, 0);
  /** Images in a row that were small for the buffer, and the largest of them, bytes. */
  #small = 0;
  #largest = 0;

  constructor() {
    writeHead(this.view);
  }

  /** Starts an image whose first piece, the tuple, has so many bytes. */
  begin(size: number, resources: ResourceBridge | undefined): void {
    this.#shrink();
    this.#end = 0;
    this.resources = resources;
    this.reserve(size, 1);
  }

  /** Gives the buffer of one large call back when only small ones follow. */
  #shrink(): void {
    if (4 * this.#end >= this.bytes.length || this.bytes.length <= FIRST) {
      this.#small = 0;
      this.#largest = 0;
      return;
    }
    this.#largest = Math.max(this.#largest, this.#end);
    this.#small += 1;
    if (this.#small < PATIENCE) return;
    this.bytes = new Uint8Array(Math.max(FIRST, HEAD_BYTES + 2 * this.#largest));
    this.view = new DataView(this.bytes.buffer);
    writeHead(this.view);
    this.#small = 0;
    this.#largest = 0;
  }

  /** Room for a piece of zeros; returns its position. Views may be others afterwards. */
  reserve(size: number, align: number): number {
    const at = alignTo(this.#end, align);
    this.#grow(at + size);
    this.bytes.fill(0, HEAD_BYTES + this.#end, HEAD_BYTES + at + size);
    this.#end = at + size;
    return at;
  }

  /** Writes a string behind what there is; returns its length in bytes. */
  text(text: string): number {
    const start = this.#end;
    this.#grow(start + text.length);
    const length = text.length <= SHORT ? this.#ascii(text, HEAD_BYTES + start) : -1;
    const written = length >= 0 ? length : this.#encoded(text, start);
    this.#end = start + written;
    return written;
  }

  /** Where the next piece without alignment comes to lie. */
  get end(): number {
    return this.#end;
  }

  /** The frame; a view that later images overwrite. */
  frame(): Uint8Array {
    writeLength(this.view, this.#end);
    const length = HEAD_BYTES + this.#end;
    // Calls of one function mostly have the same length, and making a view is not free.
    if (this.#frame.length !== length || this.#frame.buffer !== this.bytes.buffer) {
      this.#frame = this.bytes.subarray(0, length);
    }
    return this.#frame;
  }

  /** Returns -1 when the text is not all ASCII. */
  #ascii(text: string, at: number): number {
    const { bytes } = this;
    for (let index = 0; index < text.length; index++) {
      const unit = text.charCodeAt(index);
      if (unit >= 0x80) return -1;
      bytes[at + index] = unit;
    }
    return text.length;
  }

  #encoded(text: string, start: number): number {
    if (!isWellFormed(text)) throw new Mismatch("a string", "a string with a lone surrogate");
    const { read, written } = encoder.encodeInto(text, this.bytes.subarray(HEAD_BYTES + start));
    if (read === text.length) return written;
    // It is not all ASCII: three bytes are enough for each unit that is left.
    const rest = start + written;
    this.#grow(rest + 3 * (text.length - read));
    return written + encoder.encodeInto(text.slice(read), this.bytes.subarray(HEAD_BYTES + rest)).written;
  }

  #grow(end: number): void {
    const needed = HEAD_BYTES + end;
    if (needed <= this.bytes.length) return;
    if (end > LARGEST) throw new Mismatch("values of less than 1 GiB", "more");
    const bytes = new Uint8Array(Math.max(needed, Math.min(2 * this.bytes.length, LARGEST)));
    bytes.set(this.bytes);
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }
}

const LONE_SURROGATE = /\p{Surrogate}/u;

/** Whether a text has no lone surrogate. */
export function isWellFormed(text: string): boolean {
  // Faster, where the engine has it.
  const known: { isWellFormed?(): boolean } = text as { isWellFormed?(): boolean };
  return known.isWellFormed === undefined ? !LONE_SURROGATE.test(text) : known.isWellFormed();
}
