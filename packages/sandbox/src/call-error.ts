import { showName, TwinwallError } from "@twinwall/abi";
import { failureToError, type Machine, type MachineLimits } from "@twinwall/vmm";
import { bufferError, isCallBuffer } from "./buffers.js";
import type { FunctionTable, Problem, TargetFunction } from "./functions.js";
import type { KeptError } from "./host-calls.js";

/**
 * The error of a call that failed.
 *
 * @param length What the machine returned.
 * @param kept What a host function failed with meanwhile.
 */
export function callError(
  machine: Machine,
  limits: MachineLimits,
  target: TargetFunction,
  length: number,
  kept: KeptError | undefined,
): TwinwallError {
  const own = kept?.error;
  if (length >= 0) return own ?? new TwinwallError("E_INTERNAL", "a call failed without a reason");
  const subject = target.name === "_start" ? "the command" : `function ${showName(target.name)}`;
  const cause = own === undefined ? {} : { cause: own.cause ?? own };
  const error = failureToError(machine.failure(), { limits, subject, ...cause });
  if (own === undefined || kept?.told !== true || error.code !== own.code) return error;
  return new TwinwallError(own.code, own.rawMessage, { backtrace: error.backtrace, ...causeOf(own) });
}

function causeOf(error: TwinwallError): { cause?: unknown } {
  return "cause" in error ? { cause: error.cause } : {};
}

/** What is wrong with a call that the fast path refused, although its caller may call now. */
export function callProblem(
  functions: FunctionTable,
  name: string,
  problem: Problem | undefined,
  input: unknown,
  output: unknown,
): TwinwallError {
  if (functions.get(name) === undefined) return functions.missing(name);
  if (problem !== undefined) return new TwinwallError(problem.code, problem.message);
  const subject = `function ${showName(name)}`;
  return isCallBuffer(input)
    ? bufferError(output, `${subject}, output`)
    : bufferError(input, `${subject}, input`);
}
