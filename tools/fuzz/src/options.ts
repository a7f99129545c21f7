import { parseArgs } from "node:util";

/** What to run. */
export interface Options {
  /** Damaged inputs for each target. */
  readonly cases: number;
  readonly seed: number;
  /** Only these; all when there are none. */
  readonly targets: readonly string[];
}

export const usage = `npm run fuzz -- [--cases N] [--seed N] [--target NAME]...

  --cases N      damaged inputs for each target (default: 10000; slow targets take a fixed part of them)
  --seed N       where the numbers begin (default: 1); the same seed gives the same inputs
  --target NAME  only this target; may be repeated`;

/** An option that makes no sense. */
export class UsageError extends Error {}

/** @throws UsageError */
export function parseOptions(args: readonly string[]): Options {
  const { cases, seed, target } = parse(args);
  return {
    cases: wholeNumber("cases", cases ?? "10000", 1),
    seed: wholeNumber("seed", seed ?? "1", 0),
    targets: target ?? [],
  };
}

function parse(args: readonly string[]) {
  try {
    const options = {
      cases: { type: "string" },
      seed: { type: "string" },
      target: { type: "string", multiple: true },
    } as const;
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumber(name: string, text: string, least: number): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < least || number > 0xffff_ffff) {
    throw new UsageError(`--${name} is a whole number from ${least} to 4294967295, not ${text}`);
  }
  return number;
}
