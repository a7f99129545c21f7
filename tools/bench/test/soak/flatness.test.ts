import { closeSync, openSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { flatnessRows, growthOf, MARGINS } from "../../src/soak/flatness.js";
import { type Holdings, holdingsProblem } from "../../src/soak/holdings.js";
import { watch } from "../../src/soak/watch.js";

const phase = { id: "soak", what: "calls" };

function samplesOf(descriptors: readonly number[]): Holdings[] {
  return descriptors.map((count) => ({ descriptors: count, mappings: 400, threads: 12, resident: 2e8 }));
}

function missed(samples: readonly Holdings[]): string[] {
  return flatnessRows(phase, samples)
    .filter(({ verdict }) => verdict.kind === "missed")
    .map(({ id }) => id);
}

describe("growthOf", () => {
  it("compares the first quarter with the last, by medians", () => {
    expect(growthOf(samplesOf([10, 11, 12, 50, 50, 50, 50, 50, 50, 14, 15, 16]), "descriptors")).toBe(4);
    expect(growthOf(samplesOf([20, 20, 20, 20]), "descriptors")).toBe(0);
    expect(growthOf(samplesOf([20, 0, 0, 10]), "descriptors")).toBe(-10);
  });

  it("is not led astray by a sample that caught something coming or going", () => {
    expect(growthOf(samplesOf([10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 900, 10]), "descriptors")).toBe(0);
  });

  it("says nothing of a few samples", () => {
    expect(() => growthOf(samplesOf([1, 2, 3]), "descriptors")).toThrow(RangeError);
  });
});

describe("flatnessRows", () => {
  it("has a row for each thing, which is met up to its margin", () => {
    const { limit } = MARGINS.descriptors;
    expect(flatnessRows(phase, samplesOf([0, 0, 0, limit])).map(({ id }) => id)).toEqual([
      "soak-descriptors",
      "soak-mappings",
      "soak-threads",
      "soak-resident",
    ]);
    expect(missed(samplesOf([0, 0, 0, limit]))).toEqual([]);
    expect(missed(samplesOf([0, 0, 0, limit + 1]))).toEqual(["soak-descriptors"]);
  });
});

const problem = holdingsProblem();

describe.skipIf(problem)(`watch${problem ? ` (skipped: ${problem})` : ""}`, () => {
  const pieces = 400;

  it("does all of the work, and a tenth before", async () => {
    let done = 0;
    const samples = await watch(pieces, async (count) => {
      done += count;
    });
    expect(samples).toHaveLength(40);
    expect(done).toBe(pieces + pieces / 10);
    expect(missed(samples)).toEqual([]);
  });

  it("finds a descriptor that leaks once in eight pieces", async () => {
    const open: number[] = [];
    let piece = 0;
    try {
      const samples = await watch(pieces, async (count) => {
        for (const end = piece + count; piece < end; piece += 1) {
          if (piece % 8 === 0) open.push(openSync("/dev/null", "r"));
        }
      });
      expect(missed(samples)).toEqual(["soak-descriptors"]);
    } finally {
      for (const descriptor of open) closeSync(descriptor);
    }
  });

  it("finds memory that is held, and takes none that is garbage for it", async () => {
    const held: Uint8Array[] = [];
    const leaking = await watch(pieces, async (count) => {
      for (let index = 0; index < count; index += 1) held.push(new Uint8Array(200_000).fill(1));
    });
    expect(missed(leaking)).toContain("soak-resident");
    held.length = 0;
    const wasteful = await watch(pieces, async (count) => {
      for (let index = 0; index < count; index += 1) new Uint8Array(200_000).fill(1);
    });
    expect(missed(wasteful)).toEqual([]);
  });
});
