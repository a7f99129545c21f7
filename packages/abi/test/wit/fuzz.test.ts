import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { joinInput, type Outcome, readInput, splitInput } from "./fuzz-target.js";
import { mutate, Random } from "./mutate.js";

const directory = new URL("../../fuzz/corpus/", import.meta.url);
const corpus = readdirSync(directory)
  .sort()
  .map((name) => ({ name, bytes: new Uint8Array(readFileSync(new URL(name, directory))) }));

/** Seconds to go on with new numbers, as `pnpm fuzz` says; else the same inputs each time. */
const seconds = Number(process.env["TWINWALL_FUZZ_SECONDS"] ?? 0);

/** Most time for one input, milliseconds: reading takes about a microsecond for each byte, machines pause. */
const SLOW = 2000;

function run(bytes: Uint8Array): Outcome {
  const start = performance.now();
  const outcome = readInput(splitInput(bytes));
  const elapsed = performance.now() - start;
  if (elapsed > SLOW) throw new Error(`it took ${elapsed.toFixed(0)} ms`);
  return outcome;
}

/** Damages the world of an input, its values or both. */
function damage(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const input = splitInput(bytes);
  const donor = splitInput(other);
  const what = random.below(4);
  const world = what === 0 || what === 3 ? mutate(input.world, donor.world, random) : input.world;
  const frame = what > 0 ? mutate(input.frame, donor.frame, random) : input.frame;
  return joinInput({ world, frame });
}

describe("inputs of a hostile guest", () => {
  it("are there", () => {
    expect(corpus.length).toBeGreaterThan(20);
  });

  it.each(corpus)("are read or refused as their name says: $name", ({ name, bytes }) => {
    expect(run(bytes)).toBe(name.replace(/^.*\.(no-world|no-values|values)$/, "$1").replace("-", " "));
  });

  it("are read or refused when damaged", { timeout: 60_000 + 1000 * seconds }, () => {
    const seed = seconds > 0 ? Date.now() : 6;
    const random = new Random(seed);
    const outcomes: Record<Outcome, number> = { "no world": 0, "no values": 0, values: 0 };
    const end = Date.now() + 1000 * seconds;
    for (let count = 0; count < 20_000 || Date.now() < end; count++) {
      const input = damage(random.pick(corpus).bytes, random.pick(corpus).bytes, random);
      try {
        outcomes[run(input)]++;
      } catch (error) {
        const file = new URL(`found-${seed}-${count}.no-values`, directory);
        if (seconds > 0) writeFileSync(file, input);
        throw new Error(`input ${count} of seed ${seed}: ${String(error)}`, { cause: error });
      }
    }
    // Each kind is met often: the damage is neither too small nor too great.
    for (const outcome of Object.values(outcomes)) expect(outcome).toBeGreaterThan(300);
  });
});
