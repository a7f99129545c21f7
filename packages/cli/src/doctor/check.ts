import { TwinwallError } from "@twinwall/abi";

/** One thing that the doctor looked at. */
export interface Check {
  readonly name: string;
  /** `"missing"` is something that Twinwall can do without, `"warning"` something that guests can make use of. */
  readonly status: "ok" | "missing" | "warning" | "problem";
  /** What was found, one line. */
  readonly detail: string;
}

/** Turns what `look` finds, or the error that it throws, into a check. */
export async function check(
  name: string,
  look: () => string | Promise<string>,
  failure: "missing" | "problem" = "problem",
): Promise<Check> {
  try {
    return { name, status: "ok", detail: await look() };
  } catch (error) {
    return { name, status: failure, detail: TwinwallError.from(error).rawMessage };
  }
}
