import { readdirSync, readlinkSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { machine, needsMachine } from "./support/machine.js";
import { live, open, until } from "./support/pools.js";

needsMachine();

const rounds = process.env["TWINWALL_SOAK"] === "1" ? 500 : 5;

/** Virtual machines that this process has. */
function virtualMachines(): number {
  let count = 0;
  for (const name of readdirSync("/proc/self/fd")) {
    try {
      if (readlinkSync(`/proc/self/fd/${name}`) === "anon_inode:kvm-vm") count += 1;
    } catch {
      // Closed since.
    }
  }
  return count;
}

describe("virtual machines", () => {
  it("are taken apart when a pool lets them go, and all of them in the end", async (context) => {
    context.skip(machine === "soft", "the soft machine has none");
    const options = { recycle: false, trustDomain: "leaks", limits: { deadline: "20ms" } } as const;
    // The first has what all have: the self-test's machine, the snapshot's.
    (await open({ max: 1 }, options)).close();
    const before = virtualMachines();
    for (let round = 0; round < rounds; round += 1) {
      const pool = await open({ min: 1, max: 6, maxUses: 4, idleTime: "5ms" }, options);
      const calls = Array.from({ length: 40 }, (_, index) =>
        pool.callAsync(index % 13 === 0 ? "forever" : "count", []).catch(() => 1),
      );
      let most = 0;
      const watch = setInterval(() => {
        most = Math.max(most, virtualMachines() - before);
      }, 1);
      await Promise.all(calls);
      clearInterval(watch);
      // One may be taken apart by a thread while its place is taken.
      expect(most).toBeLessThanOrEqual(2 * 6);
      await until(() => live(pool) === 1 && pool.stats().machines.ready === 1);
      await until(() => virtualMachines() - before === 1);
      const lent = await pool.acquire();
      const running = lent.callAsync("forever", []).catch(() => {});
      if (round % 2 === 0) pool.close();
      else {
        lent.release();
        await pool.drain();
      }
      await running;
      await until(() => virtualMachines() === before);
    }
  });
});
