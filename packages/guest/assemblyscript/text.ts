// Text at the wall is UTF-8; AssemblyScript's own is UTF-16.

import { fail, NOT_UTF8 } from "./failure";
import { answer, lend } from "./memory";

/** The input of a function on text; fails with `NOT_UTF8` where it is none. */
export function readText(pointer: usize, length: usize): string {
  return length != 0 ? decode(pointer, length, "the input is not UTF-8") : "";
}

/** What a function on text returns. A surrogate without its other half becomes U+FFFD. */
export function respondText(text: string): u64 {
  const buffer = String.UTF8.encode(text, false, String.UTF8.ErrorMode.REPLACE);
  return lend(buffer, changetype<usize>(buffer), buffer.byteLength);
}

/** The answer of a host function that answers text; fails with `NOT_UTF8` where it is none. */
export function answerText(packed: u64): string {
  const bytes = answer(packed);
  return bytes.length != 0 ? decode(bytes.dataStart, bytes.byteLength, "the host's answer is not UTF-8") : "";
}

function decode(pointer: usize, length: usize, problem: string): string {
  if (!isUtf8(pointer, length)) return fail<string>(NOT_UTF8, problem);
  return String.UTF8.decodeUnsafe(pointer, length);
}

// The library's own decoder takes anything.
function isUtf8(pointer: usize, length: usize): bool {
  const end = pointer + length;
  while (pointer < end) {
    const size = sequence(pointer, end - pointer);
    if (size == 0) return false;
    pointer += size;
  }
  return true;
}

// Length of the UTF-8 sequence at the start of `length` > 0 bytes; 0 when it is none.
function sequence(pointer: usize, length: usize): usize {
  const first = load<u8>(pointer);
  if (first < 0x80) return 1;
  const size: usize = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || length < size) return 0;
  // The second byte is what rules out long forms, surrogates and what is above U+10FFFF.
  const least: u8 = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const most: u8 = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  const second = load<u8>(pointer, 1);
  if (second < least || second > most) return 0;
  for (let i: usize = 2; i < size; i++) if ((load<u8>(pointer + i) & 0xc0) != 0x80) return 0;
  return size;
}
