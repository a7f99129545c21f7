import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { corpora, findings } from "./files.js";
import { mutate, Random } from "./mutate.js";
import type { Target } from "./target.js";

/** What became of a target's cases. */
export interface Result {
  readonly target: string;
  readonly cases: number;
  readonly read: number;
  readonly refused: number;
  readonly seconds: number;
  /** What was found; the run of the target ends there. */
  readonly finding?: string | undefined;
  /** Why it did not run. */
  readonly skipped?: string | undefined;
}

/** An input of the repository. */
export interface Seed {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The inputs of a folder, by name. */
export function readCorpus(name: string): Seed[] {
  const folder = new URL(`${name}/`, corpora);
  return readdirSync(folder)
    .sort()
    .map((name) => ({ name, bytes: new Uint8Array(readFileSync(new URL(name, folder))) }));
}

/** The inputs of a target. */
export function corpusOf(target: Target): Seed[] {
  return readCorpus(target.corpus ?? target.name);
}

/** Numbers of a case: any case can be made again without those before it. */
function numbersOf(seed: number, number: number): Random {
  const random = new Random(Math.imul(seed, 0x9e37_79b1) ^ Math.imul(number + 1, 0x85eb_ca6b));
  // The first numbers of neighbouring seeds are alike.
  for (let left = 8; left > 0; left--) random.below(2);
  return random;
}

/** The input of a case: one of the corpus, damaged. */
export function inputOf(target: Target, corpus: readonly Seed[], seed: number, number: number): Uint8Array {
  const random = numbersOf(seed, number);
  const { bytes } = random.pick(corpus);
  const other = random.pick(corpus).bytes;
  return target.damage ? target.damage(bytes, other, random) : mutate(bytes, other, random);
}

/** Runs a target's corpus as it is, then so many damaged inputs. */
export async function runTarget(target: Target, cases: number, seed: number): Promise<Result> {
  const corpus = corpusOf(target);
  const counts = { read: 0, refused: 0 };
  const start = performance.now();
  const result = (finding?: string): Result => ({
    target: target.name,
    cases: counts.read + counts.refused,
    ...counts,
    seconds: (performance.now() - start) / 1000,
    finding,
  });
  const skipped = target.missing?.();
  if (skipped !== undefined) return { ...result(), skipped };
  const own = Math.max(1, Math.ceil(cases / (target.share ?? 1)));
  for (let number = -corpus.length; number < own; number++) {
    const kept = corpus[corpus.length + number];
    const input = number < 0 && kept ? kept.bytes : inputOf(target, corpus, seed, number);
    try {
      counts[await runInput(target, input)] += 1;
    } catch (error) {
      const what = number < 0 ? `corpus file ${kept?.name}` : `case ${number} of seed ${seed}`;
      return result(`${what}: ${String(error)}; input: ${save(target.name, seed, number, input)}`);
    }
  }
  return result();
}

async function runInput(target: Target, input: Uint8Array): Promise<"read" | "refused"> {
  const start = performance.now();
  const outcome = await target.run(input);
  const elapsed = performance.now() - start;
  const most = target.mostMilliseconds ?? 1000;
  if (elapsed > most) throw new Error(`it took ${elapsed.toFixed(0)} ms, more than ${most}`);
  return outcome;
}

/** Keeps an input; returns where. */
function save(target: string, seed: number, number: number, input: Uint8Array): string {
  mkdirSync(findings, { recursive: true });
  const file = new URL(`${target}-${seed}-${number}.bin`, findings);
  writeFileSync(file, input);
  return fileURLToPath(file);
}
