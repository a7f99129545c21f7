/** A failure that a guest reported by `fail`. */
export class GuestFailure extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

/** A host function on bytes. */
export type HostFunction = (argument: Uint8Array) => Uint8Array;

interface Exports {
  readonly memory: WebAssembly.Memory;
  twinwall_allocate(size: number): number;
  twinwall_free(pointer: number, size: number): void;
  _initialize?(): void;
  [name: string]: unknown;
}

/** UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Text of UTF-8 bytes. */
export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/**
 * A guest in this process's own engine, called by the byte ABI of core modules as a session calls it: what a call left is
 * freed before the next one.
 */
export class Guest {
  readonly exports: Exports;
  /** What the guest wrote: descriptor and text. */
  readonly written: [descriptor: number, text: string][] = [];
  #unfreed: (readonly [pointer: number, length: number])[] = [];

  constructor(module: Uint8Array, host: Readonly<Record<string, HostFunction>> = {}) {
    const functions = Object.entries(host).map(([name, implementation]) => [
      name,
      (pointer: number, length: number) => {
        const [at, size] = this.place(implementation(this.bytes(pointer, length)));
        return pack(at, size);
      },
    ]);
    const fail = (code: number, pointer: number, length: number) => {
      throw new GuestFailure(code, textOf(this.bytes(pointer, length)));
    };
    const fd_write = (descriptor: number, pieces: number, count: number, written: number) =>
      this.#write(descriptor, pieces, count, written);
    const imports = {
      twinwall: { fail, ...Object.fromEntries(functions) },
      wasi_snapshot_preview1: { fd_write },
    };
    const compiled = new WebAssembly.Module(Uint8Array.from(module));
    this.exports = new WebAssembly.Instance(compiled, imports).exports as unknown as Exports;
    this.exports._initialize?.();
  }

  /** Calls a function on bytes. */
  call(name: string, input: Uint8Array = new Uint8Array(0)): Uint8Array {
    for (const [pointer, length] of this.#unfreed.splice(0))
      if (length > 0) this.exports.twinwall_free(pointer, length);
    const placed = this.place(input);
    this.#unfreed.push(placed);
    const packed = (this.exports[name] as (pointer: number, length: number) => bigint)(...placed);
    const [pointer, length] = [Number(BigInt.asUintN(64, packed) >> 32n), Number(packed & 0xffff_ffffn)];
    const result = this.bytes(pointer, length);
    const inInput = pointer >= placed[0] && pointer + length <= placed[0] + placed[1];
    if (!inInput) this.#unfreed.push([pointer, length]);
    return result;
  }

  /** Calls a function on scalars. */
  scalar(name: string, ...values: number[]): unknown {
    return (this.exports[name] as (...values: number[]) => unknown)(...values);
  }

  /** A copy of bytes of the guest's memory; a pointer to nothing is always good. */
  bytes(pointer: number, length: number): Uint8Array {
    return length === 0
      ? new Uint8Array(0)
      : new Uint8Array(this.exports.memory.buffer, pointer >>> 0, length >>> 0).slice();
  }

  /** Puts bytes where the guest's allocator wants them. */
  place(bytes: Uint8Array): readonly [pointer: number, length: number] {
    if (bytes.length === 0) return [0, 0];
    const pointer = this.exports.twinwall_allocate(bytes.length) >>> 0;
    if (pointer === 0) throw new RangeError(`no room for ${bytes.length} bytes`);
    new Uint8Array(this.exports.memory.buffer, pointer, bytes.length).set(bytes);
    return [pointer, bytes.length];
  }

  /** `fd_write` of WASI, which takes five bytes at a time. */
  #write(descriptor: number, pieces: number, count: number, written: number): number {
    const view = new DataView(this.exports.memory.buffer);
    const [pointer, length] = [view.getUint32(pieces, true), view.getUint32(pieces + 4, true)];
    if (count !== 1) return 28;
    const taken = Math.min(length, 5);
    const last = this.written.at(-1);
    const text = textOf(this.bytes(pointer, taken));
    if (last?.[0] === descriptor) last[1] += text;
    else this.written.push([descriptor, text]);
    view.setUint32(written, taken, true);
    return 0;
  }
}

function pack(pointer: number, length: number): bigint {
  return (BigInt(pointer) << 32n) | BigInt(length);
}
