// Who owns what: the sandbox allocates the input, reads the result as soon as the function has returned, and gives both
// back before the next call. Both are buffers of the garbage collector, so what a guest keeps of them stays good; the input
// is pinned meanwhile, since the guest has nothing but its address at first.

// The buffer of this call's input; 0 when it has none.
let input: usize = 0;

// Where the last result began; 0 when it lay in the input, or was given back.
let lent: usize = 0;

/** Gives `size` bytes to the sandbox. */
export function twinwall_allocate(size: usize): usize {
  // Larger ones the runtime does not know.
  if (size > <usize>i32.MAX_VALUE >> 1) return 0;
  return __pin(__new(size, idof<ArrayBuffer>()));
}

/** Takes back what `twinwall_allocate` gave, or the result of a call. */
export function twinwall_free(pointer: usize, size: usize): void {
  if (size == 0) return;
  if (pointer == lent) {
    lent = 0;
  } else {
    if (pointer == input) input = 0;
    __unpin(pointer);
  }
}

/** The input of a function on bytes, where the sandbox placed it. It may be changed, and kept. */
export function read(pointer: usize, length: usize): Uint8Array {
  input = length != 0 ? pointer : 0;
  return length != 0 ? Uint8Array.wrap(changetype<ArrayBuffer>(pointer), 0, <i32>length) : new Uint8Array(0);
}

/** What a function on bytes returns. The bytes are not copied; they must not change before the next call. */
export function respond(bytes: Uint8Array): u64 {
  return lend(bytes.buffer, bytes.dataStart, bytes.byteLength);
}

/** Lends a part of a buffer to the sandbox. */
export function lend(buffer: ArrayBuffer, pointer: usize, length: i32): u64 {
  if (length == 0) return 0;
  // What lies in the input goes with it.
  lent = changetype<usize>(buffer) != input ? pointer : 0;
  return ((<u64>pointer) << 32) | <u64>length;
}

/** The answer of a host function on bytes: `answer(lookup(key.dataStart, key.byteLength))`. */
export function answer(packed: u64): Uint8Array {
  const pointer = <usize>(packed >> 32);
  const length = <i32>packed;
  if (length == 0) return new Uint8Array(0);
  const bytes = Uint8Array.wrap(changetype<ArrayBuffer>(pointer), 0, length);
  __unpin(pointer);
  return bytes;
}
