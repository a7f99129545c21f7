import type { ConnectionKind, Figures } from "../../src/envoy/figures.js";
import type { PathName } from "../../src/envoy/paths.js";

/** Figures whose rounds are given in microseconds, and everything else follows from the first of them. */
export function figuresOf(
  path: PathName,
  rounds: readonly number[],
  size = 128,
  connection: ConnectionKind = "existing",
): Figures {
  const nanoseconds = rounds.map((round) => round * 1000);
  const first = nanoseconds[0] ?? 0;
  return {
    path,
    size,
    connection,
    count: rounds.length * 50,
    mean: first * 1.1,
    deviation: first / 10,
    p25: first * 0.9,
    median: first,
    p75: first * 1.2,
    p99: first * 3,
    rounds: nanoseconds,
  };
}
