import { TwinwallError } from "@twinwall/abi";

/** The sandbox is closed. */
export function closedError(): TwinwallError {
  return new TwinwallError("E_DISPOSED", "the sandbox is closed");
}

/** A call runs already. */
export function runningError(isAsync: boolean): TwinwallError {
  return new TwinwallError(
    "E_BUSY",
    isAsync
      ? "an asynchronous call is running on the sandbox; wait for it, or use another sandbox"
      : "a call is running on the sandbox; a host function may not use its own sandbox",
  );
}

/** A session has the machine. */
export function sessionOpenError(): TwinwallError {
  return new TwinwallError("E_BUSY", "a session is open on the sandbox; finish it first, or call through it");
}

/** The session is over; `failure` is what ended it early. */
export function sessionOverError(failure: TwinwallError | undefined): TwinwallError {
  return failure === undefined
    ? new TwinwallError("E_DISPOSED", "the session is finished")
    : new TwinwallError("E_DISPOSED", `the session ended with ${failure.code}`, { cause: failure });
}
