import { ErrorCode as ErrorNumber } from "./generated/twinwall/abi/error-code.js";
import { TrapCode } from "./generated/twinwall/abi/trap-code.js";

/**
 * Every error code, its number on the wire, and its one-line meaning.
 *
 * A number, once published, keeps its meaning for ever.
 */
const table = [
  ["E_DEADLINE", ErrorNumber.Deadline, "the call did not end in time"],
  ["E_MEMORY", ErrorNumber.Memory, "the guest could not get the memory that it needs"],
  ["E_FUEL", ErrorNumber.Fuel, "the call used up its fuel"],
  ["E_TRAP", ErrorNumber.Trap, "WebAssembly trapped"],
  ["E_GUEST_ERROR", ErrorNumber.GuestError, "the guest reported a failure of its own"],
  ["E_HOST_FUNCTION", ErrorNumber.HostFunction, "a host function failed"],
  ["E_TYPE", ErrorNumber.Type, "a value or function has another type than asked for"],
  ["E_BAD_REPLY", ErrorNumber.BadReply, "the guest answered with something that is not valid"],
  ["E_BAD_MODULE", ErrorNumber.BadModule, "the module is broken, foreign, or lacks a piece"],
  ["E_UNSUPPORTED", ErrorNumber.Unsupported, "the module or call needs something that is not supported"],
  ["E_IMPORT", ErrorNumber.Import, "the module imports something that it was not given"],
  ["E_NO_FUNCTION", ErrorNumber.NoFunction, "the module exports no function of that name"],
  ["E_NO_FILE", ErrorNumber.NoFile, "a file could not be read"],
  ["E_NO_MACHINE", ErrorNumber.NoMachine, "there is no machine to run on"],
  ["E_BAD_SNAPSHOT", ErrorNumber.BadSnapshot, "the snapshot cannot be used"],
  ["E_OPTION", ErrorNumber.Option, "an option is unknown or has a bad value"],
  ["E_LIMIT", ErrorNumber.Limit, "the call broke a limit"],
  ["E_BUSY", ErrorNumber.Busy, "the sandbox is in use"],
  ["E_ABORTED", ErrorNumber.Aborted, "the caller cancelled"],
  ["E_DISPOSED", ErrorNumber.Disposed, "the sandbox or session is closed"],
  ["E_INTERNAL", ErrorNumber.Internal, "a fault in Twinwall itself"],
] as const;

/** The closed union of error codes. */
export type ErrorCode = (typeof table)[number][0];

/** Numbers of the error codes, as they cross the wall and the native binding. */
export const errorNumbers: Readonly<Record<ErrorCode, number>> = Object.freeze(
  Object.fromEntries(table.map(([name, number]) => [name, number])) as Record<ErrorCode, number>,
);

/** Meaning of each error code in one line. */
export const errorMeanings: Readonly<Record<ErrorCode, string>> = Object.freeze(
  Object.fromEntries(table.map(([name, , meaning]) => [name, meaning])) as Record<ErrorCode, string>,
);

/** All error codes, in the order of their numbers. */
export const errorCodes: readonly ErrorCode[] = Object.freeze(table.map(([name]) => name));

const byNumber = new Map<number, ErrorCode>(table.map(([name, number]) => [number, name]));

/** Returns the code of `number`; an unknown number is `E_INTERNAL`. */
export function errorCodeOf(number: number): ErrorCode {
  return byNumber.get(number) ?? "E_INTERNAL";
}

/** Tells whether `value` is an error code. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && Object.hasOwn(errorNumbers, value);
}

const trapTexts = new Map<number, string>([
  [TrapCode.StackOverflow, "call stack exhausted"],
  [TrapCode.MemoryOutOfBounds, "out of bounds memory access"],
  [TrapCode.HeapMisaligned, "unaligned atomic access"],
  [TrapCode.TableOutOfBounds, "undefined element: out of bounds table access"],
  [TrapCode.IndirectCallToNull, "uninitialized element"],
  [TrapCode.BadSignature, "indirect call type mismatch"],
  [TrapCode.IntegerOverflow, "integer overflow"],
  [TrapCode.IntegerDivisionByZero, "integer divide by zero"],
  [TrapCode.BadConversionToInteger, "invalid conversion to integer"],
  [TrapCode.Unreachable, "unreachable executed"],
  [TrapCode.Other, "other trap"],
]);

/** Returns the schema's name of a trap code, such as `StackOverflow`; `undefined` for an unknown number. */
export function trapName(code: number): string | undefined {
  return TrapCode[code];
}

/** Returns the specification's words for a trap code; an unknown number is told as such. */
export function trapText(code: number): string {
  return trapTexts.get(code) ?? `trap ${code}`;
}
