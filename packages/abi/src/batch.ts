import { TwinwallError } from "./error.js";

// Framing of many items in one area: `count: u32, 0: u32`, then for each item `length: u32, 0: u32`, its bytes,
// and padding to 8. All numbers are little endian.

/** Bytes of the head of a batch, and of the head of each item. */
const HEAD = 8;

/** Bytes that an item of `length` takes, head and padding included. */
function itemBytes(length: number): number {
  return Math.ceil((length + HEAD) / 8) * 8;
}

/** Bytes that `items` take as one batch. */
export function batchBytes(items: readonly Uint8Array[]): number {
  return items.reduce((sum, item) => sum + itemBytes(item.length), HEAD);
}

/** Frames `items` as one batch. */
export function encodeBatch(items: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(batchBytes(items));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, items.length, true);
  let at = HEAD;
  for (const item of items) {
    view.setUint32(at, item.length, true);
    bytes.set(item, at + HEAD);
    at += itemBytes(item.length);
  }
  return bytes;
}

/**
 * Reads a batch; the items are copies of one block and stay valid.
 *
 * @param count Items that there must be.
 * @throws TwinwallError `E_BAD_REPLY` when the bytes do not hold what their numbers say.
 */
export function decodeBatch(bytes: Uint8Array, count: number): Uint8Array[] {
  if (bytes.length < HEAD) throw bad("it has no head");
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  const found = view.getUint32(0, true);
  if (found !== count) throw bad(`it has ${found} items, not ${count}`);
  const items: Uint8Array[] = [];
  let at = HEAD;
  for (let index = 0; index < count; index += 1) {
    if (at + HEAD > copy.length) throw bad(`it ends before item ${index}`);
    const length = view.getUint32(at, true);
    if (at + HEAD + length > copy.length) throw bad(`it ends within item ${index}`);
    items.push(copy.subarray(at + HEAD, at + HEAD + length));
    at += itemBytes(length);
  }
  return items;
}

function bad(reason: string): TwinwallError {
  return new TwinwallError("E_BAD_REPLY", `batch of results: ${reason}`);
}
