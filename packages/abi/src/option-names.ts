import { TwinwallError } from "./error.js";
import { show } from "./quantity.js";

/** All names of a type's options, so that none is forgotten: `{ first: true, second: true }`. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

/**
 * Refuses what is no object of options, and names that nobody knows: a misspelt option would be its default, in silence.
 *
 * @param subject What has these options, for the error.
 * @param known Has a property of each name that is known, such as {@link OptionNames}.
 * @param what What each of them is. Default: `"option"`.
 * @throws TwinwallError `E_OPTION` naming the first name that is unknown, and all that are known.
 * @example
 * ```ts
 * checkOptionNames("open", { size: 1 }, { size: true, mode: true }); // => undefined
 * ```
 */
export function checkOptionNames(
  subject: string,
  options: unknown,
  known: object,
  what: string = "option",
): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new TwinwallError("E_OPTION", `${subject}: expected an object of ${what}s, found ${show(options)}`);
  }
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(known, name)) continue;
    const names = Object.keys(known).join(", ");
    throw new TwinwallError("E_OPTION", `${subject}: unknown ${what} ${show(name)}; known are ${names}`);
  }
}
