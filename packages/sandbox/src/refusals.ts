import { TwinwallError } from "@twinwall/abi";
import { closed, running } from "./owners.js";

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

/** What is no command cannot be run as one. */
export function noCommandError(): TwinwallError {
  return new TwinwallError(
    "E_NO_FUNCTION",
    'it is no WASI command: a module exports "_start" then, and a component "wasi:cli/run@0.2.x"',
  );
}

/** A component's session may hold resources. */
export function heldError(): TwinwallError {
  const text =
    "a component's session may hold resources, which would be nobody's; take the sandbox's own snapshot";
  return new TwinwallError("E_UNSUPPORTED", text);
}

/**
 * Why somebody may not call now.
 *
 * @param owner Who has the machine.
 * @param isSandbox Whether it is the sandbox that wants to call, and not a session.
 * @param failure What the last session ended with.
 */
export function refusalOf(
  owner: object,
  isSandbox: boolean,
  isAsync: boolean,
  failure: TwinwallError | undefined,
): TwinwallError {
  if (owner === closed) return closedError();
  if (owner === running) return runningError(isAsync);
  return isSandbox ? sessionOpenError() : sessionOverError(failure);
}
