import { afterAll, describe, expect, it } from "vitest";
import { closeTargets, targets } from "../src/list.js";
import { corpusOf, inputOf, readCorpus, runTarget } from "../src/run.js";
import { programs } from "../src/rust.js";

/** Cases of each target in every run of the tests, the same ones each time; ten times as many of typed values. */
const CASES = 2000;

afterAll(closeTargets);

describe.each(targets)("$name", (target) => {
  const missing = target.missing?.();
  const title = `reads or refuses damaged inputs: ${target.name}`;

  it.skipIf(missing !== undefined)(missing === undefined ? title : `${title} - ${missing}`, async () => {
    const result = await runTarget(target, target.name === "values" ? 10 * CASES : CASES, 6);
    expect(result.finding).toBeUndefined();
    // Both are met: the damage is neither too small nor too great.
    expect(Math.min(result.read, result.refused)).toBeGreaterThan(0);
  });

  it("makes a case again from its seed", () => {
    const corpus = corpusOf(target);
    const [input, again, other] = [6, 6, 7].map((seed) => inputOf(target, corpus, seed, 3));
    expect(again).toEqual(input);
    expect(other).not.toEqual(input);
  });
});

it.each(readCorpus("values"))(
  "values are read or refused as the name says: $name",
  async ({ name, bytes }) => {
    const [values] = targets.filter((target) => target.name === "values");
    expect(await values?.run(bytes)).toBe(name.endsWith(".values") ? "read" : "refused");
  },
);

it("has a corpus for each target in Rust", () => {
  for (const name of programs.flatMap((program) => program.targets)) {
    expect(readCorpus(name).length, name).toBeGreaterThan(0);
  }
});
