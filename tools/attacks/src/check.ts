import assert from "node:assert/strict";
import { type ErrorCode, isErrorCode, TwinwallError } from "@twinwall/abi";

/** How an attempt ended: with a result, or with an error of this code. */
export type Ending = ErrorCode | "OK";

/** The typed error of an attempt that must fail. */
export async function errorOf(attempt: () => unknown): Promise<TwinwallError> {
  try {
    await attempt();
  } catch (error) {
    assert(error instanceof TwinwallError, `an error without a code: ${String(error)}`);
    return error;
  }
  throw new assert.AssertionError({ message: "expected an error, but there was none" });
}

/** How an attempt ended; an error without a code fails the attack. */
export async function endingOf(attempt: () => unknown): Promise<Ending> {
  try {
    await attempt();
    return "OK";
  } catch (error) {
    assert(error instanceof TwinwallError, `an error without a code: ${String(error)}`);
    return checkCode(error.code);
  }
}

/** An error of the host's own making is never what an attack should end in. */
export function checkCode(code: string | undefined): ErrorCode {
  assert(code !== undefined && isErrorCode(code), `unknown code ${code}`);
  return code;
}

/** Fails unless `found` is one of `allowed`. */
export function assertEnding(found: Ending, allowed: readonly Ending[], attempt: string): void {
  assert(allowed.includes(found), `${attempt}: ended with ${found}, not with ${allowed.join(" or ")}`);
}

/** Whether `bytes` hold `secret` anywhere. */
export function holds(bytes: Uint8Array, secret: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(Buffer.from(secret));
}
