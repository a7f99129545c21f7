import { Pool, type PoolOptions, type SandboxOptions } from "../../src/index.js";
import { moduleOf } from "./modules.js";

/** A pool of module `scalars`, or of another. */
export function open(options: PoolOptions, sandbox: Partial<SandboxOptions> = {}): Promise<Pool> {
  return Pool.create({ module: moduleOf("scalars"), ...sandbox, ...options });
}

/** Machines that a pool has now. */
export function live(pool: Pool): number {
  const { machines, created, retired } = pool.stats();
  const gone = Object.values(retired).reduce((sum, count) => sum + count, 0);
  const { ready, busy, restoring } = machines;
  if (created - gone !== ready + busy + restoring) {
    throw new Error(`${created} made less ${gone} gone are not ${JSON.stringify(machines)}`);
  }
  return created - gone;
}

/** Waits until nothing is being put back. */
export async function settled(...pools: Pool[]): Promise<void> {
  await until(() => pools.every((pool) => pool.stats().machines.restoring === 0));
}

/** Some turns of the event loop. */
export function turns(milliseconds = 5): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Waits until something holds. */
export async function until(holds: () => boolean): Promise<void> {
  for (let attempt = 0; !holds(); attempt += 1) {
    if (attempt > 2000) throw new Error("it never came to hold");
    await turns(2);
  }
}
