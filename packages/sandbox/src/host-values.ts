import {
  readSlot,
  type ScalarValue,
  SLOT_BYTES,
  show,
  showName,
  TwinwallError,
  type ValueType,
  writeSlot,
} from "@twinwall/abi";
import { bufferError, isCallBuffer } from "./buffers.js";
import type { HostFunction } from "./host-function.js";

const nothing = new Uint8Array(0);

/** Reads what the guest passes to a host function. The bytes are a copy, but what they say is the guest's word. */
export function readHostArguments(name: string, declared: HostFunction, input: Uint8Array): unknown[] {
  const { params, shape } = declared;
  if (shape === "bytes") return [input];
  if (input.length !== params.length * SLOT_BYTES) {
    throw new TwinwallError(
      "E_BAD_REPLY",
      `host function ${showName(name)} got ${input.length} bytes of arguments, not ${params.length * SLOT_BYTES}`,
    );
  }
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  return params.map((type, index) => fromCore(type, readSlot(view, index, type.core ?? "i32")));
}

/** From the signed core value to what the declared type says. */
function fromCore(type: ValueType, value: ScalarValue): unknown {
  if (type.name === "u32") return Number(value) >>> 0;
  if (type.name === "u64") return BigInt.asUintN(64, BigInt(value));
  return type.name === "bool" ? value !== 0 : value;
}

/**
 * Writes what a host function returned.
 *
 * @param slot Room for a scalar.
 * @throws TwinwallError `E_TYPE` when it is not what was declared.
 */
export function writeHostResult(
  name: string,
  declared: HostFunction,
  value: unknown,
  slot: DataView,
): Uint8Array {
  const { result, shape } = declared;
  if (result === undefined) {
    refusePromise(name, value, "callAsync waits for it");
    return nothing;
  }
  if (!result.accepts(value)) throw resultError(name, result, value);
  if (shape === "scalars") {
    const scalar = typeof value === "boolean" ? Number(value) : (value as ScalarValue);
    writeSlot(slot, 0, result.core ?? "i32", scalar);
    return new Uint8Array(slot.buffer);
  }
  if (!isCallBuffer(value)) throw bufferError(value, `host function ${showName(name)}, result`);
  return value;
}

/**
 * A function that returns a promise has not done its work yet: nobody would wait for it.
 *
 * @param hint What to do about it.
 */
export function refusePromise(name: string, value: unknown, hint: string): void {
  if (!isThenable(value)) return;
  // Its failure would otherwise end the process as an unhandled rejection.
  value.then(undefined, () => {});
  throw new TwinwallError(
    "E_TYPE",
    `host function ${showName(name)}: expected a synchronous function, found one that returns a promise; ${hint}`,
  );
}

function resultError(name: string, type: ValueType, value: unknown): TwinwallError {
  if (isThenable(value)) value.then(undefined, () => {});
  const hint = isThenable(value) ? "; it must answer synchronously, but for callAsync" : "";
  return new TwinwallError(
    "E_TYPE",
    `host function ${showName(name)}, result: expected ${type.name} (${type.expected}), found ${show(value)}${hint}`,
  );
}

/** Errors of host functions that say themselves what they are. */
const ownErrors = new WeakSet<TwinwallError>();

/** Marks an error that a host function of ours throws: it ends the call as it is, and not as a failed host function. */
export function asOwnError(error: TwinwallError): TwinwallError {
  ownErrors.add(error);
  return error;
}

/** Whether {@link asOwnError} marked it. */
export function isOwnError(error: unknown): error is TwinwallError {
  return error instanceof TwinwallError && ownErrors.has(error);
}

/** Whether a value is a promise, of whatever make. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
