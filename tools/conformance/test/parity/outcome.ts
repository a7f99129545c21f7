import { type Sandbox, TwinwallError } from "@twinwall/sandbox";

/** What an action came to, as plain data that can be compared. */
export interface Outcome {
  readonly value?: unknown;
  readonly error?: { readonly code: string; readonly message: string; readonly backtrace: string };
}

/** Runs an action and keeps what came of it; an error that is not ours is a failure of the test. */
export async function outcomeOf(act: () => unknown): Promise<Outcome> {
  try {
    return { value: plain(await act()) };
  } catch (error) {
    if (!(error instanceof TwinwallError)) throw error;
    const { code, message } = error;
    return { error: { code, message, backtrace: error.formatBacktrace() } };
  }
}

/** Figures that must not depend on the machine. */
export function countsOf(sandbox: Sandbox): unknown {
  const { fuel, hostCalls, memoryBytes } = sandbox.stats();
  return { fuel, hostCalls, memoryBytes };
}

/** Bytes as hexadecimal, numbers with their sign and kind, the rest as it is. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : `${value}`;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]));
  }
  return value;
}
