import type { MachineName } from "@twinwall/abi";
import type { Job } from "./job.js";
import { type Bounds, readBounds } from "./options.js";
import { warmUpModule } from "./warm-up-module.js";

/**
 * How often the module is compiled. The first time, the engine compiles what the compiler runs through; from then on it
 * collects what it needs for better code. More rounds make the first real module hardly faster.
 */
const ROUNDS = 5;

/**
 * The jobs that warm the compiler for a machine. Each takes a fraction of a second at first, and milliseconds then.
 *
 * @param bounds Only the deadline holds: whatever else a module may take, this one is small.
 */
export function* warmUpJobs(machine: MachineName, { deadline }: Bounds): Generator<Job, void> {
  const bounds = { ...readBounds({}), deadline };
  for (let round = 0; round < ROUNDS; round++) {
    const module = Uint8Array.from(atob(warmUpModule), (character) => character.charCodeAt(0));
    yield { module, machine, fuel: round % 2 === 0, bounds };
  }
}
