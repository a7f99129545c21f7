import { BadTable } from "../flat-table.js";
import { HEAD_BYTES, hasOurHead, imageOf } from "./frame.js";
import { alignTo } from "./layout.js";
import { Malformed } from "./mismatch.js";
import type { ResourceBridge } from "./values-codec.js";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** One character for each byte, the ASCII ones right. */
const asciiDecoder = new TextDecoder("latin1");

/** Strings up to this length are put together by hand where there are few: a call of the engine takes longer. */
const SHORT = 24;

/** Strings up to this length are cut out of a window of text, where they are ASCII. */
const MIDDLE = 256;

/**
 * Bytes of a window: one call of the engine for many strings. A string that is cut out of it keeps the whole of it in
 * memory, so it is small.
 */
const WINDOW = 4096;

/** Images below this size have too few strings for a window to pay. */
const WINDOWED = 512;

/** What a reply may take of the host's memory, in words: 128 MiB, and 4 words for each byte of the reply. */
const WORDS = 2 ** 24;
const WORDS_PER_BYTE = 4;

/** Largest frame that is kept for the sake of its view, bytes. */
const KEPT = 2 ** 16;

const nothing = new Uint8Array(0);

/**
 * Reads an image, of which nobody vouches for a byte. Pieces must lie one behind the other, in the order in which they
 * are asked for; so no byte is read twice, and reading ends.
 *
 * Positions are those of `bytes`; what the image says are offsets from its start.
 */
export class Reader {
  bytes: Uint8Array = nothing;
  view: DataView = new DataView(nothing.buffer);
  resources: ResourceBridge | undefined;
  /** Where the image starts. */
  #start = 0;
  /** Bytes of the image. */
  #length = 0;
  #end = 0;
  /** Whether the frame fills its bytes, and so is no buffer that others come in. */
  #whole = false;
  #words = 0;
  #window = "";
  #windowStart = 0;
  #windowEnd = 0;

  /**
   * Starts with the frame in the first `length` bytes.
   *
   * @returns Where its image starts.
   * @throws BadTable
   */
  begin(frame: Uint8Array, length: number, resources: ResourceBridge | undefined): number {
    if (length > frame.length) throw new BadTable("it ends before its length says");
    this.resources = resources;
    this.#end = 0;
    this.#whole = length === frame.length;
    this.#words = WORDS + WORDS_PER_BYTE * length;
    this.#look(frame);
    if (hasOurHead(this.view, length)) {
      this.#start = HEAD_BYTES;
      this.#length = length - HEAD_BYTES;
    } else {
      const image = imageOf(frame.subarray(0, length));
      this.#look(image);
      this.#start = 0;
      this.#length = image.length;
    }
    return this.#start;
  }

  /** Makes no view where the last one does: answers mostly come in the same buffer. */
  #look(bytes: Uint8Array): void {
    this.#window = "";
    this.#windowEnd = 0;
    if (bytes === this.bytes) return;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The next piece: `size` bytes, which must lie at offset `pointer`. Returns its position. */
  take(pointer: number, size: number, align: number): number {
    const at = alignTo(this.#end, align);
    if (pointer !== at) throw new Malformed(`it refers to byte ${pointer}, where ${at} is due`);
    if (size > this.#length - at) {
      throw new Malformed(`it needs ${size} bytes at ${at}, and there are ${this.#length}`);
    }
    this.#end = at + size;
    return this.#start + at;
  }

  /**
   * Counts what values are going to take of the host's memory, before they are made: one byte of a guest's may stand for
   * a nest of objects.
   */
  spend(words: number): void {
    this.#words -= words;
    if (this.#words < 0) throw new Malformed("its values take too much memory");
  }

  /** Ends the reading. */
  close(): void {
    if (this.#end !== this.#length) {
      throw new Malformed(`it ends at byte ${this.#end}, and there are ${this.#length}`);
    }
  }

  /** Lets go of what belongs to one call, and of a large frame in bytes of its own. */
  end(): void {
    this.resources = undefined;
    this.#window = "";
    if (this.#whole && this.bytes.length > KEPT) this.#look(nothing);
  }

  text(pointer: number, length: number): string {
    if (length === 0) return this.empty(pointer, "");
    const start = this.take(pointer, length, 1);
    const end = start + length;
    if (length <= MIDDLE && this.#length >= WINDOWED) {
      if (this.#isAscii(start, end)) return this.#cut(start, end);
    } else if (length <= SHORT) {
      const text = this.#ascii(start, end);
      if (text !== undefined) return text;
    }
    return this.#decoded(start, end);
  }

  /** What is empty lies nowhere. */
  empty<Value>(pointer: number, value: Value): Value {
    if (pointer !== 0) throw new Malformed(`it refers to byte ${pointer} for nothing`);
    return value;
  }

  #isAscii(start: number, end: number): boolean {
    const { bytes } = this;
    let bits = 0;
    for (let at = start; at < end; at++) bits |= bytes[at] as number;
    return bits < 0x80;
  }

  /** Text of bytes that are ASCII. Reading goes forward, and so does the window. */
  #cut(start: number, end: number): string {
    if (end > this.#windowEnd) {
      this.#windowStart = start;
      this.#windowEnd = Math.min(start + WINDOW, this.#start + this.#length);
      this.#window = asciiDecoder.decode(this.bytes.subarray(start, this.#windowEnd));
    }
    return this.#window.slice(start - this.#windowStart, end - this.#windowStart);
  }

  #ascii(start: number, end: number): string | undefined {
    let text = "";
    for (let at = start; at < end; at++) {
      const byte = this.bytes[at] as number;
      if (byte >= 0x80) return undefined;
      text += String.fromCharCode(byte);
    }
    return text;
  }

  #decoded(start: number, end: number): string {
    try {
      return decoder.decode(this.bytes.subarray(start, end));
    } catch {
      throw new Malformed("it is not UTF-8");
    }
  }
}
