// The world `guest` in AssemblyScript, whose strings are UTF-16, as the canonical ABI can have them too.
//
// AssemblyScript has no generator of bindings, so values are read and written by hand, as the canonical ABI lays them out.
// `scripts/assemblyscript.mjs` gives the exports the names that the component model has for them.

@external("twinwall:shapes/host@0.1.0", "log")
declare function hostLog(pointer: usize, length: usize): void;

@external("twinwall:shapes/host@0.1.0", "lookup")
declare function hostLookup(pointer: usize, length: usize, result: usize): void;

@external("[export]twinwall:shapes/shapes@0.1.0", "[resource-new]counter")
declare function newCounter(representation: usize): u32;

/** Results that are more than one number. */
const area = memory.data(16, 8);

/** What was allocated for the call that goes on. */
const allocations: usize[] = [];

/** The host places arguments and answers by it; of a text it gives back what turned out not to be needed. */
export function cabi_realloc(old: usize, oldSize: usize, _align: usize, size: usize): usize {
  if (size <= oldSize) return old;
  const pointer = heap.alloc(size);
  memory.copy(pointer, old, oldSize);
  allocations.push(pointer);
  return pointer;
}

/** The call is over, and what was allocated for it free. */
export function release(_result: usize): void {
  while (allocations.length > 0) heap.free(allocations.pop());
}

function textAt(pointer: usize, length: usize): string {
  return String.UTF16.decodeUnsafe(pointer, length << 1);
}

/** Writes a text's pointer and length to `at`; the text is a copy that lasts until the call is over. */
function putText(at: usize, text: string): void {
  const bytes = text.length << 1;
  const pointer = cabi_realloc(0, 0, 2, bytes);
  memory.copy(pointer, changetype<usize>(text), bytes);
  store<usize>(at, pointer);
  store<usize>(at, text.length, 4);
}

export function add(a: u32, b: u32): u32 {
  return a + b;
}

/** The list and all that it refers to are this guest's own by now: they are handed back as they are. */
export function echo(pointer: usize, length: usize): usize {
  store<usize>(area, pointer);
  store<usize>(area, length, 4);
  return area;
}

export function sum(pointer: usize, length: usize): f64 {
  let sum: f64 = 0;
  for (let index: usize = 0; index < length; index++) sum += load<f64>(pointer + (index << 3));
  release(0);
  return sum;
}

export function pair(number: i64, pointer: usize, length: usize): usize {
  putText(area, textAt(pointer, length));
  store<i64>(area, number, 8);
  return area;
}

export function nested(outer: u32, inner: u32, value: u32): usize {
  store<u8>(area, <u8>outer);
  store<u8>(area, <u8>inner, 4);
  store<u32>(area, value, 8);
  return area;
}

export function divide(a: i32, b: i32): usize {
  store<u8>(area, b == 0 ? 1 : 0);
  if (b == 0) putText(area + 4, "division by zero");
  else store<i32>(area, b == -1 ? -a : a / b, 4);
  return area;
}

/** The host's answer has the type that this function's has. */
export function find(pointer: usize, length: usize): usize {
  hostLookup(pointer, length, area);
  return area;
}

export function say(pointer: usize, length: usize): void {
  const message = textAt(pointer, length);
  hostLog(changetype<usize>(message), message.length);
  release(0);
}

/** A counter's representation is the address of its value. */
export function counterNew(start: u32): u32 {
  const counter = heap.alloc(4);
  store<u32>(counter, start);
  return newCounter(counter);
}

export function counterAdd(counter: usize, amount: u32): u32 {
  store<u32>(counter, load<u32>(counter) + amount);
  return load<u32>(counter);
}

export function counterDrop(counter: usize): void {
  heap.free(counter);
}
