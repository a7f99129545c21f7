import { errorNumbers, TwinwallError } from "@twinwall/abi";
import type { AsyncCall, AsyncReply } from "@twinwall/vmm";

/** The error for a signal that has fired. */
export function abortedError(signal: AbortSignal): TwinwallError {
  return new TwinwallError("E_ABORTED", "the caller cancelled", { cause: signal.reason });
}

/** A signal that fires with any of these; `undefined` when there is none. */
export function anySignal(...given: (AbortSignal | undefined)[]): AbortSignal | undefined {
  const signals = given.filter((signal) => signal !== undefined);
  return signals.length > 1 ? AbortSignal.any(signals) : signals[0];
}

/** The reply of a call that a signal may end. */
export async function endedBy(call: AsyncCall, signal: AbortSignal | undefined): Promise<AsyncReply> {
  const onAbort = (): void => call.end(errorNumbers.E_ABORTED);
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    return await call.reply;
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}
