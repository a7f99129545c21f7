import { errorCodeOf, errorMeanings, parseBacktrace, showText, TwinwallError, trapText } from "@twinwall/abi";
import type { Failure, MachineLimits } from "./machine.js";

/** What the side that called knows about a failure and the driver does not. */
export interface FailureContext {
  /** Limits of the call, for the messages. */
  readonly limits: MachineLimits;
  /** What was called, for the messages: `function "resize"`. */
  readonly subject: string;
  /** The host function's own error. */
  readonly cause?: unknown;
}

/** Detail of an `E_DEADLINE` when it was the processor time that ran out. */
const OUT_OF_CPU_TIME = 1;

/** Longest message that is taken from a guest, characters. */
const MESSAGE_LIMIT = 4096;

/** Turns a driver's report into the public error. Texts of the guest are bounded and escaped here. */
export function failureToError(failure: Failure, context: FailureContext): TwinwallError {
  const code = errorCodeOf(failure.code);
  return new TwinwallError(code, describe(failure, context), {
    backtrace: parseBacktrace(failure.backtrace),
    ...("cause" in context ? { cause: context.cause } : {}),
    ...(code === "E_GUEST_ERROR" ? { guestCode: failure.detail } : {}),
  });
}

function describe(failure: Failure, { limits, subject }: FailureContext): string {
  const text = showText(failure.message, MESSAGE_LIMIT);
  switch (errorCodeOf(failure.code)) {
    case "E_DEADLINE":
      return failure.detail === OUT_OF_CPU_TIME
        ? `${subject} used up its ${showMicroseconds(limits.cpuTimeUs)} of processor time`
        : `${subject} did not end within ${showMicroseconds(limits.deadlineUs)}`;
    case "E_FUEL":
      return `${subject} used up its ${limits.fuel} units of fuel`;
    case "E_TRAP":
      return `${subject} trapped: ${describeTrap(failure.detail, text)}`;
    case "E_GUEST_ERROR":
      return `${subject} failed with code ${failure.detail}${text === "" ? "" : `: ${text}`}`;
    default:
      return `${subject}: ${text === "" ? errorMeanings[errorCodeOf(failure.code)] : text}`;
  }
}

/** The specification's words, and the guest's where they say more. */
function describeTrap(code: number, text: string): string {
  const words = trapText(code);
  return text === "" || text === words ? words : `${words} (${text})`;
}

function showMicroseconds(time: number): string {
  if (time % 1_000_000 === 0) return `${time / 1_000_000} s`;
  return time % 1000 === 0 ? `${time / 1000} ms` : `${time} us`;
}
