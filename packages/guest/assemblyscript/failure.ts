// Failures of the guest's own: a number and a text, which the host sees as E_GUEST_ERROR.

import { fail as hostFail } from "./twinwall";

// What ASC_RUNTIME is for `--runtime incremental`.
const incremental = 2;

/** Code of an error that brought none. */
export const ERROR: i32 = 1;
/** Code of what was thrown: `throw`, a failed `assert`, an index out of range. */
export const PANIC: i32 = -1;
/** Code of bytes that should have been text. */
export const NOT_UTF8: i32 = -2;

/**
 * Ends the call with a code of the guest's own (this library's are below zero) and a text, of which the host takes the
 * first 4096 bytes. A session goes on. It never returns: `return fail<i32>(7, "division by zero")`.
 */
export function fail<T>(code: i32, message: string): T {
  failWith(code, message);
  return unreachable();
}

function failWith(code: i32, message: string): void {
  const text = String.UTF8.encode(message, false, String.UTF8.ErrorMode.REPLACE);
  // Numbers: behind an empty stack there is no place for references.
  const pointer = changetype<usize>(text);
  const length = <usize>text.byteLength;
  emptyStack();
  hostFail(code, pointer, length);
}

/**
 * Forgets the objects of all functions under way, to none of which anything returns. The caller has no objects of its own
 * from then on.
 */
function emptyStack(): void {
  if (ASC_RUNTIME == incremental) __stack_pointer = __heap_base;
}

/**
 * What AssemblyScript's own `abort` is told. It may be called because the stack is full, so it takes its strings as numbers,
 * and has no place on the stack itself.
 */
export function abortWith(message: usize, file: usize, line: u32, column: u32): void {
  emptyStack();
  reportAbort(message, file, line, column);
}

function reportAbort(message: usize, file: usize, line: u32, column: u32): void {
  // Names of files are static. The compiler puts those of its check for a full stack behind everything else, where the heap
  // has written over them, and over their message.
  if (file >= __heap_base) fail<void>(PANIC, "stack overflow");
  const what = message != 0 ? changetype<string>(message) : "aborted";
  const where = file != 0 ? ` at ${changetype<string>(file)}:${line}:${column}` : "";
  fail<void>(PANIC, what + where);
}
