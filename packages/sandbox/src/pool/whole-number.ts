import { show, TwinwallError } from "@twinwall/abi";

/**
 * A whole number within a range.
 *
 * @throws TwinwallError `E_OPTION` with the range.
 */
export function wholeNumber(
  value: unknown,
  name: string,
  least: number,
  most: number,
  fallback: number,
): number {
  if (value === undefined) return fallback;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most) {
    return value;
  }
  throw new TwinwallError(
    "E_OPTION",
    `${name}: expected a whole number from ${least} to ${most}, found ${show(value)}`,
  );
}
