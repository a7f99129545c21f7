/**
 * Text of `canonical.ts`: what all bindings in AssemblyScript share.
 *
 * Values that the host places lie in an arena, as do results until the host has read them. It is a stack of blocks: an import's
 * arguments and answer are given back when it has returned, the rest when the call is over.
 */
export const canonicalText = `// Written by \`twinwall bindgen\`; changes will be lost.
// How the component model's canonical ABI lays values out, as far as that is the same in all worlds.

/** Values of one call that are numbers to the component model, eight bytes each: 16 at most. */
export const slots = memory.data(128, 8);

// A block: the address of the one before it, its end, and from the 16th byte on what was allocated.
const HEADER: usize = 16;
let block: usize = 0;
let top: usize = 0;
let end: usize = 0;

export function allocate(size: usize, align: usize): usize {
  if (size == 0) return align;
  let at = (top + align - 1) & ~(align - 1);
  if (at > end || end - at < size) {
    addBlock(size);
    at = top;
  }
  top = at + size;
  return at;
}

function addBlock(size: usize): void {
  if (size > <usize>i32.MAX_VALUE) unreachable();
  const bytes = max<usize>(4096, size + HEADER);
  const next = heap.alloc(bytes);
  store<usize>(next, block);
  store<usize>(next, next + bytes, 4);
  block = next;
  top = next + HEADER;
  end = next + bytes;
}

/** The host allocates by it; of a text it gives back what turned out not to be needed. */
export function reallocate(old: usize, oldSize: usize, align: usize, size: usize): usize {
  if (old != 0 && size <= oldSize) return old;
  const at = allocate(size, align);
  memory.copy(at, old, oldSize);
  return at;
}

/** How far the arena is filled, for \`release\`. */
export function mark(): u64 {
  return (<u64>block << 32) | <u64>top;
}

export function release(mark: u64): void {
  while (block != <usize>(mark >> 32)) dropBlock();
  top = <usize>mark;
}

/** The call is over: one block is kept for the next. */
export function reset(): void {
  if (block == 0) return;
  while (load<usize>(block) != 0) dropBlock();
  top = block + HEADER;
}

function dropBlock(): void {
  const before = load<usize>(block);
  heap.free(block);
  block = before;
  end = before != 0 ? load<usize>(before, 4) : 0;
}

export function textAt(pointer: usize, length: usize): string {
  return String.UTF16.decodeUnsafe(pointer, length << 1);
}

/** A copy of a text's code units. */
export function copyText(text: string): usize {
  return copy(changetype<usize>(text), text.length << 1, 2);
}

/** A copy of a typed array's elements. */
export function copyArray<A extends ArrayBufferView>(array: A): usize {
  return copy(array.dataStart, array.byteLength, 8);
}

function copy(from: usize, bytes: usize, align: usize): usize {
  const at = allocate(bytes, align);
  memory.copy(at, from, bytes);
  return at;
}

export function arrayAt<A extends ArrayBufferView>(pointer: usize, length: usize): A {
  const array = instantiate<A>(<i32>length);
  memory.copy(array.dataStart, pointer, array.byteLength);
  return array;
}

/** Pointer and length of what is as long as the host needs to know, in memory and in slots. */
export function storePair(at: usize, pointer: usize, length: usize): void {
  store<usize>(at, pointer);
  store<usize>(at, length, 4);
}

export function slotPair(at: usize, pointer: usize, length: usize): void {
  store<u64>(at, pointer);
  store<u64>(at, length, 8);
}

/** Objects of exported resources by the numbers that the host has for them. */
export class Table<T> {
  private objects: Array<T | null> = [];
  private free: u32[] = [];

  add(object: T): u32 {
    if (this.free.length == 0) return this.objects.push(object) - 1;
    const number = this.free.pop();
    this.objects[number] = object;
    return number;
  }

  get(number: u32): T {
    return this.objects[number]!;
  }

  remove(number: u32): void {
    this.objects[number] = null;
    this.free.push(number);
  }
}

/** What a result without a value has as one. */
export type Unit = bool;
export const unit: Unit = true;

/** What stands in the place of a value that there is not. */
function nothing<T>(): T {
  if (isReference<T>()) return changetype<T>(0);
  else return <T>0;
}

/** A value, or none. */
export class Option<T> {
  private constructor(
    readonly isSome: bool,
    private content: T,
  ) {}

  static some<T>(value: T): Option<T> {
    return new Option<T>(true, value);
  }

  static none<T>(): Option<T> {
    return new Option<T>(false, nothing<T>());
  }

  get value(): T {
    assert(this.isSome, "there is no value");
    return this.content;
  }
}

/** A value, or an error. */
export class Result<T, E> {
  private constructor(
    readonly isOk: bool,
    private content: T,
    private failure: E,
  ) {}

  static ok<T, E>(value: T): Result<T, E> {
    return new Result<T, E>(true, value, nothing<E>());
  }

  static error<T, E>(error: E): Result<T, E> {
    return new Result<T, E>(false, nothing<T>(), error);
  }

  get value(): T {
    assert(this.isOk, "there is an error, not a value");
    return this.content;
  }

  get error(): E {
    assert(!this.isOk, "there is a value, not an error");
    return this.failure;
  }
}
`;
