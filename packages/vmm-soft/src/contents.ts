import { PAGE } from "./plan.js";

/** Zeros shorter than this are copied like anything else: a run of its own would cost more. */
const SHORTEST_ZEROS = 2 * PAGE;

/** A range of a snapshot, all zeros or with its bytes. */
export interface Run {
  readonly address: number;
  readonly length: number;
  /** `undefined`: zeros. */
  readonly bytes: Uint8Array | undefined;
}

/**
 * Cuts a range of memory into runs of zeros and runs of bytes. Most of a small guest is zero, and a source that is not
 * read is half the memory traffic of a restore.
 *
 * @param memory The whole memory; its bytes are copied.
 */
export function cutRuns(memory: Uint8Array, address: number, length: number): Run[] {
  const runs: Run[] = [];
  const end = address + length;
  let start = address;
  let at = address;
  while (at < end) {
    const zeros = zerosFrom(memory, at, end);
    if (zeros - at >= SHORTEST_ZEROS || (zeros === end && zeros - at >= PAGE)) {
      pushBytes(runs, memory, start, at);
      runs.push({ address: at, length: zeros - at, bytes: undefined });
      start = zeros;
      at = zeros;
    } else {
      at = Math.min(zeros + PAGE - (zeros % PAGE), end);
    }
  }
  pushBytes(runs, memory, start, end);
  return runs;
}

/** Writes runs back; returns how many bytes that were. */
export function writeRuns(memory: Uint8Array, runs: readonly Run[]): number {
  let written = 0;
  for (const { address, length, bytes } of runs) {
    if (bytes === undefined) memory.fill(0, address, address + length);
    else memory.set(bytes, address);
    written += length;
  }
  return written;
}

function pushBytes(runs: Run[], memory: Uint8Array, start: number, end: number): void {
  if (end > start) runs.push({ address: start, length: end - start, bytes: memory.slice(start, end) });
}

/** Where the zeros from `at` on end. */
function zerosFrom(memory: Uint8Array, at: number, end: number): number {
  let next = at;
  while (next < end && memory[next] === 0) next += 1;
  return next;
}
