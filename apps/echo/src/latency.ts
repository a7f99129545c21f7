/** Times of one thing that was measured, in microseconds. */
export interface Latency {
  readonly median: number;
  readonly p99: number;
}

/** One thing to time; `run` does it `count` times and returns each time in microseconds. */
export interface Contender {
  readonly name: string;
  run(count: number): ArrayLike<number>;
}

/** Runs the contenders in turn, round by round, so that whatever disturbs the machine disturbs all of them alike. */
export function compare(
  contenders: readonly Contender[],
  rounds: number,
  perRound: number,
): Map<string, Latency> {
  const times = new Map(contenders.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round <= rounds; round++) {
    for (const { name, run } of contenders) {
      const measured = Array.from(run(perRound));
      // The first round warms up.
      if (round > 0) times.get(name)?.push(...measured);
    }
  }
  return new Map([...times].map(([name, all]) => [name, toLatency(all)]));
}

function toLatency(times: readonly number[]): Latency {
  const ascending = Float64Array.from(times).sort();
  const at = (fraction: number): number =>
    ascending[Math.floor((ascending.length - 1) * fraction)] ?? Number.NaN;
  return { median: at(0.5), p99: at(0.99) };
}
