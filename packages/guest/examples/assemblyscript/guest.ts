// The example guest in AssemblyScript.

import { answerText, fail, read, readText, respond, respondText } from "@twinwall/guest/assemblyscript";
import * as host from "./twinwall";

export { twinwall_allocate, twinwall_free } from "@twinwall/guest/assemblyscript";

/** What the host knows of a word; nothing of most. */
function lookup(word: string): string {
  const key = String.UTF8.encode(word);
  return answerText(host.lookup(changetype<usize>(key), key.byteLength));
}

let greeting = "Hello";
let total: u32 = 0;
const kept: Uint8Array[] = [];

/** Takes the `init` data: what `greet` says. */
export function twinwall_init(pointer: usize, length: usize): void {
  const data = readText(pointer, length);
  if (data.length > 0) greeting = data;
}

/** The input in upper case, as far as it is ASCII; where it stands. */
export function upper(pointer: usize, length: usize): u64 {
  const bytes = read(pointer, length);
  for (let i = 0; i < bytes.length; i++) if (bytes[i] >= 97 && bytes[i] <= 122) bytes[i] -= 32;
  return respond(bytes);
}

function isSpace(byte: u8): bool {
  return byte == 32 || (byte >= 9 && byte <= 13 && byte != 11);
}

/** The input without white space around it; it is not copied. */
export function trim(pointer: usize, length: usize): u64 {
  const bytes = read(pointer, length);
  let start = 0;
  let end = bytes.length;
  while (end > start && isSpace(bytes[end - 1])) end--;
  while (start < end && isSpace(bytes[start])) start++;
  return respond(bytes.subarray(start, end));
}

export function greet(pointer: usize, length: usize): u64 {
  const name = readText(pointer, length);
  return respondText(`${greeting}, ${name}!`);
}

export function language(pointer: usize, length: usize): u64 {
  return respondText("AssemblyScript");
}

/** How many words the text has, and how many of them the host knows. */
export function count_words(pointer: usize, length: usize): u64 {
  const text = readText(pointer, length);
  let words = 0;
  let known = 0;
  let start = 0;
  for (let at = 0; at <= text.length; at++) {
    if (at < text.length && !isSpace(<u8>min(text.charCodeAt(at), 255))) continue;
    if (at > start) {
      words++;
      if (lookup(text.substring(start, at)).length > 0) known++;
    }
    start = at + 1;
  }
  return respondText(`${words} words, ${known} known`);
}

export function add(a: i32, b: i32): i32 {
  return a + b;
}

/** A number of this session's own. */
export function count(): u32 {
  return ++total;
}

/** All that this session has collected. */
export function collect(pointer: usize, length: usize): u64 {
  // The input may be kept: it is an object like any other.
  kept.push(read(pointer, length));
  let size = 0;
  for (let i = 0; i < kept.length; i++) size += kept[i].length;
  const all = new Uint8Array(size);
  for (let i = 0, at = 0; i < kept.length; at += kept[i++].length) all.set(kept[i], at);
  return respond(all);
}

/** Fails on zero. */
export function divide(dividend: i32, divisor: i32): i32 {
  if (divisor == 0) return fail<i32>(7, "division by zero");
  return divisor == -1 ? 0 - dividend : dividend / divisor;
}

/** Fails with the input as the reason. */
export function refuse(pointer: usize, length: usize): u64 {
  return fail<u64>(42, readText(pointer, length));
}

/** So many zero bytes. */
export function zeros(pointer: usize, length: usize): u64 {
  const number = readText(pointer, length);
  for (let i = 0; i < number.length; i++) {
    const digit = number.charCodeAt(i);
    if (digit < 48 || digit > 57) return fail<u64>(1, "not a number");
  }
  return respond(new Uint8Array(I32.parseInt(number)));
}

/** A mistake: it throws on an empty text. */
export function crash(pointer: usize, length: usize): u64 {
  const text = readText(pointer, length);
  if (text.length == 0) throw new Error("there is no text");
  return respondText(text);
}
