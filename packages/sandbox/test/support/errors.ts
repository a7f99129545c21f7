import { expect } from "vitest";
import { TwinwallError } from "../../src/index.js";

/** The error that `attempt` throws or rejects with; fails when there is none or it is of another class. */
export async function errorOf(attempt: () => unknown): Promise<TwinwallError> {
  try {
    await attempt();
  } catch (error) {
    expect(error).toBeInstanceOf(TwinwallError);
    return error as TwinwallError;
  }
  throw new Error("expected an error, but there was none");
}
