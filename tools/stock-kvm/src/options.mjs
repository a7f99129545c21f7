import { UsageError } from "./problem.mjs";

/**
 * @typedef {object} Options
 * @property {number} deadlineSeconds time for the whole machine, boot included; default 900
 * @property {string[]} filters passed to every test binary: parts of names, `--skip NAME` leaves tests out
 * @property {{ file: string, args: string[] } | undefined} program run this instead of the tests
 */

export const usage = `usage: stock-kvm [--deadline SECONDS] [FILTER...] [--skip NAME]...
       stock-kvm [--deadline SECONDS] run BINARY [ARGUMENT...]`;

/**
 * @param {string[]} args
 * @returns {Options}
 */
export function parseOptions(args) {
  let deadlineSeconds = 900;
  let rest = args[0] === "--" ? args.slice(1) : args;
  if (rest[0] === "--deadline") {
    deadlineSeconds = Number(rest[1]);
    if (!(deadlineSeconds > 0)) throw new UsageError(`--deadline takes a number of seconds, not ${rest[1]}`);
    rest = rest.slice(2);
  }
  if (rest[0] === "run") {
    const file = rest[1];
    if (!file) throw new UsageError("run takes the path of a program");
    return { deadlineSeconds, filters: [], program: { file, args: rest.slice(2) } };
  }
  const unknown = rest.find((word) => word.startsWith("-") && word !== "--skip");
  if (unknown) throw new UsageError(`unknown option ${unknown}`);
  return { deadlineSeconds, filters: rest, program: undefined };
}
