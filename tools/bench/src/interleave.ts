/** One thing to measure. */
export interface Series {
  readonly name: string;
  /** Does it `count` times and returns the time of each, in nanoseconds. */
  measure(count: number): Iterable<number> | Promise<Iterable<number>>;
}

/** Samples by the name of their series, in nanoseconds. */
export type Samples = ReadonlyMap<string, readonly number[]>;

/** How often things are measured. */
export interface Effort {
  readonly rounds: number;
  readonly perRound: number;
}

/**
 * Measures several things in turn, A B C A B C …, `perRound` of each at a time: whatever else the machine does
 * falls on all of them alike. The first round warms everything up and is not counted.
 */
export async function interleave(series: readonly Series[], { rounds, perRound }: Effort): Promise<Samples> {
  const samples = new Map(series.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round <= rounds; round++) {
    for (const { name, measure } of series) {
      const times = await measure(perRound);
      if (round > 0) samples.get(name)?.push(...times);
    }
  }
  return samples;
}

/** Times `count` runs of `run`, one by one, in nanoseconds; `check` runs after each, outside of the time. */
export function timeEach(count: number, run: () => void, check: () => void = () => undefined): Float64Array {
  const times = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    const start = performance.now();
    run();
    times[index] = (performance.now() - start) * 1e6;
    check();
  }
  return times;
}

/** The same for something that is awaited. */
export async function timeEachAsync(count: number, run: () => Promise<void>): Promise<Float64Array> {
  const times = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    const start = performance.now();
    await run();
    times[index] = (performance.now() - start) * 1e6;
  }
  return times;
}
