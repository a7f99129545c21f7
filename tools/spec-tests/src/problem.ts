import type { TwinwallError } from "@twinwall/abi";

/** What went wrong, for people; `undefined` is nothing. */
export type Problem = string | undefined;

/** Compares an error with the trap that a script expects. */
export function trapProblem(error: TwinwallError, expected: string): Problem {
  if (error.code === "E_TRAP" && error.message.includes(words(expected))) return undefined;
  return `expected the trap "${expected}", found ${error.message}`;
}

/** The part of an expected text that every engine can know. */
function words(expected: string): string {
  // Some scripts name the element.
  return expected.replace(/^(uninitialized element) \d+$/, "$1");
}
