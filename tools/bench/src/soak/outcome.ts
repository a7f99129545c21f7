import { type ErrorCode, TwinwallError } from "@twinwall/sandbox";

/** A call ended in another way than it must: that fails a soak at once. */
export class WrongOutcomeError extends Error {
  override readonly name = "WrongOutcomeError";
}

/** Throws unless both are the same. */
export function expectSame(subject: string, actual: unknown, expected: unknown): void {
  if (!Object.is(actual, expected))
    throw new WrongOutcomeError(`${subject}: ${String(actual)}, and not ${String(expected)}`);
}

/** Throws unless both hold the same bytes. */
export function expectBytes(subject: string, actual: Uint8Array, expected: Uint8Array): void {
  if (Buffer.compare(actual, expected) !== 0)
    throw new WrongOutcomeError(`${subject}: the answer is not what was sent`);
}

/** Throws unless `attempt` fails with an error of that code, which is returned. */
export function expectFailure(subject: string, code: ErrorCode, attempt: () => unknown): TwinwallError {
  try {
    attempt();
  } catch (error) {
    return expectCode(subject, code, error);
  }
  throw new WrongOutcomeError(`${subject}: no ${code}`);
}

/** The same for something that is awaited. */
export async function expectRejection(
  subject: string,
  code: ErrorCode,
  attempt: Promise<unknown>,
): Promise<TwinwallError> {
  try {
    await attempt;
  } catch (error) {
    return expectCode(subject, code, error);
  }
  throw new WrongOutcomeError(`${subject}: no ${code}`);
}

function expectCode(subject: string, code: ErrorCode, error: unknown): TwinwallError {
  if (error instanceof TwinwallError && error.code === code) return error;
  throw new WrongOutcomeError(`${subject}: not ${code}, but ${String(error)}`, { cause: error });
}
