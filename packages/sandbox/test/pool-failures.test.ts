import { describe, expect, it } from "vitest";
import { type SandboxOptions, TwinwallError } from "../src/index.js";
import { PoolMachines } from "../src/pool/machines.js";
import { type PoolOptions, parsePoolOptions } from "../src/pool/options.js";
import type { PooledMachine } from "../src/pool/pooled-machine.js";
import { machineSource } from "../src/pool/source.js";
import { prepare } from "../src/prepare.js";
import { inTime } from "./support/deadlines.js";
import { errorOf } from "./support/errors.js";
import { machine as machineName, needsMachine } from "./support/machine.js";
import { moduleOf } from "./support/modules.js";
import { live, open, settled, turns, until } from "./support/pools.js";

needsMachine();

const rounds = process.env["TWINWALL_SOAK"] === "1" ? 200_000 : 4000;

describe("a machine whose guest failed", () => {
  it("serves the next call as if nothing had been", async () => {
    await using pool = await open({ max: 2 }, { limits: { deadline: "500ms" } });
    const failures = [
      ["unreachable", [], "E_TRAP"],
      ["divide", [1, 0], "E_TRAP"],
      ["forever", [], "E_DEADLINE"],
    ] as const;
    for (let round = 0; round < 3; round += 1) {
      for (const [name, values, code] of failures) {
        await inTime(500, () => pool.call("count"));
        expect((await errorOf(() => pool.callAsync(name, values as never))).code, name).toBe(code);
        expect(await inTime(500, () => pool.callAsync("count", []))).toBe(1);
        // A synchronous deadline is late on the soft machine.
        if (name !== "forever") {
          expect((await errorOf(() => pool.call(name, ...(values as readonly number[])))).code).toBe(code);
        }
        expect(await inTime(500, () => pool.call("count"))).toBe(1);
      }
    }
    await settled(pool);
    expect(live(pool)).toBeLessThanOrEqual(2);
  });

  it("is replaced when it was poisoned, out of the way of the next call", async (context) => {
    context.skip(machineName === "soft", "the soft machine ends the Worker, and the pool's machine is whole");
    await using pool = await open({ max: 1 }, { limits: { deadline: "10ms" } });
    for (let round = 1; round <= 3; round += 1) {
      const { created, retired } = pool.stats();
      expect((await errorOf(() => pool.callAsync("forever", []))).code).toBe("E_DEADLINE");
      await until(() => pool.stats().machines.ready === 1);
      expect(pool.stats()).toMatchObject({
        created: created + 1,
        retired: { replaced: retired.replaced + 1 },
      });
      expect(await inTime(10, () => pool.call("count"))).toBe(1);
      await settled(pool);
    }
  });

  it("ends a session of a lease, and the lease goes on", async () => {
    await using pool = await open({ max: 1 });
    await pool.use(async (lent) => {
      const session = lent.session();
      session.call("count");
      expect((await errorOf(() => session.call("unreachable"))).code).toBe("E_TRAP");
      expect((await errorOf(() => session.call("count"))).code).toBe("E_DISPOSED");
      expect(lent.call("count")).toBe(1);
      const next = lent.session();
      expect([next.call("count"), await next.callAsync("count", [])]).toEqual([1, 2]);
    });
    expect(pool.call("count")).toBe(1);
  });
});

/** Machines of a pool that may fail to be made, and to be put back, and a list of those that are open. */
async function machinesWith(
  fail: (what: "make" | "restore") => boolean,
  options: PoolOptions,
  sandbox: Partial<SandboxOptions> = {},
) {
  const parts = await prepare({ module: moduleOf("scalars"), ...sandbox });
  const source = machineSource(parts);
  parts.lease.release();
  const opened = new Set<PooledMachine>();
  let most = 0;
  const make = (): PooledMachine => {
    if (fail("make")) throw new TwinwallError("E_NO_MACHINE", "the test has no machine");
    const machine = source.make();
    const restoreLater = machine.restoreLater.bind(machine);
    const close = machine.close.bind(machine);
    machine.restoreLater = async (replace) => {
      const status = await restoreLater(replace);
      return fail("restore") ? -1 : status;
    };
    machine.close = (retire) => {
      opened.delete(machine);
      close(retire);
    };
    opened.add(machine);
    most = Math.max(most, opened.size);
    return machine;
  };
  const machines = new PoolMachines({ ...source, make }, parsePoolOptions("test", options));
  return { machines, opened, most: () => most };
}

describe("machines that cannot be had, or put back", () => {
  it("are no machines of the pool: the request is told, and the next one served", async () => {
    let broken = true;
    const { machines, opened } = await machinesWith((what) => what === "make" && broken, { min: 0, max: 2 });
    expect((await errorOf(() => machines.take())).code).toBe("E_NO_MACHINE");
    expect((await errorOf(async () => machines.request(undefined))).code).toBe("E_NO_MACHINE");
    expect(machines.stats()).toMatchObject({ machines: { ready: 0, busy: 0, restoring: 0 }, created: 0 });
    broken = false;
    const machine = machines.take();
    expect(machine.call(machine.root, "count", [])).toBe(1);
    machines.giveBack(machine);
    machines.close();
    expect(opened.size).toBe(0);
  });

  it("make the opening fail whole", async () => {
    let made = 0;
    const { machines, opened } = await machinesWith((what) => what === "make" && ++made > 3, { min: 5 });
    expect((await errorOf(() => machines.warm())).code).toBe("E_NO_MACHINE");
    machines.close();
    expect(opened.size).toBe(0);
    expect(machines.stats()).toMatchObject({ created: 3, retired: { closed: 3 } });
  });

  it("are replaced, and the requests that wait get others", async () => {
    let restores = 0;
    const fail = (what: string): boolean => what === "restore" && restores++ === 0;
    const { machines, opened } = await machinesWith(fail, { max: 1 });
    const first = machines.take();
    first.call(first.root, "count", []);
    const waiting = machines.request(undefined);
    machines.giveBack(first);
    const second = await waiting;
    expect(second).not.toBe(first);
    expect(second.call(second.root, "count", [])).toBe(1);
    expect(machines.stats()).toMatchObject({ created: 2, retired: { failed: 1 } });
    machines.giveBack(second);
    machines.close();
    expect(opened.size).toBe(0);
  });

  it(`do not get lost over ${rounds} acquisitions with failures of all kinds`, async () => {
    const random = generator(0x2545f491);
    let made = 0;
    const { machines, opened, most } = await machinesWith(
      (what) => {
        if (what === "restore") return random() < 0.01;
        made += 1;
        // The first requests certainly hear of it: later ones do only where no machine is free.
        return made <= 3 || random() < 0.3;
      },
      { min: 1, max: 5, queue: 6, queueTime: "30s", maxUses: 50, idleTime: "5ms" },
      { limits: { deadline: "5s" } },
    );
    const codes = new Set<string>();
    const counts = new Set<unknown>();
    let left = rounds;
    const work = async (): Promise<void> => {
      for (; left > 0; left -= 1) {
        const code = await acquisition(machines, random, counts).catch(codeOf);
        if (code !== undefined) codes.add(code);
        if (code === "E_BUSY" || random() < 0.2) await turns(0);
      }
    };
    await Promise.all(Array.from({ length: 12 }, work));
    expect([...counts]).toEqual([1]);
    expect([...codes].sort()).toEqual(["E_ABORTED", "E_BUSY", "E_NO_MACHINE", "E_TRAP"]);
    await until(() => machines.stats().machines.restoring === 0);
    const { machines: now, created, retired, calls } = machines.stats();
    const gone = Object.values(retired).reduce((sum, count) => sum + count, 0);
    expect(now.busy).toBe(0);
    expect(opened.size).toBe(now.ready);
    expect(created - gone).toBe(now.ready);
    expect(retired.failed).toBeGreaterThan(0);
    expect(calls).toBeGreaterThan(rounds / 10);
    expect(retired.uses).toBeGreaterThan(0);
    expect(most()).toBe(5);
    await new Promise<void>((resolve) => machines.drain(resolve));
    expect(opened.size).toBe(0);
  });
});

/** Random numbers from 0 to 1 with a fixed start: a failure can be had again. */
function generator(start: number): () => number {
  let state = start;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

function codeOf(error: unknown): string {
  expect(error).toBeInstanceOf(TwinwallError);
  // Nobody was forgotten.
  expect((error as TwinwallError).message).not.toContain("no machine became free");
  return (error as TwinwallError).code;
}

/** A machine is had in some way, used in some way, and given back, or it goes. */
async function acquisition(
  machines: PoolMachines,
  random: () => number,
  counts: Set<unknown>,
): Promise<undefined> {
  const signal = random() < 0.1 ? AbortSignal.timeout(Math.floor(random() * 3)) : undefined;
  const machine = random() < 0.3 ? machines.take() : await machines.request(signal);
  try {
    if (random() < 0.05) machine.call(machine.root, "unreachable", []);
    // An asynchronous call is dear on the soft machine.
    const result =
      random() < (machineName === "soft" ? 0.1 : 0.3)
        ? machine.callAsync(machine.root, "count", [], signal)
        : machine.call(machine.root, "count", []);
    counts.add(await result);
    if (random() < 0.1) await turns(random() < 0.5 ? 0 : 2);
  } finally {
    if (random() < 0.005) machines.retire(machine, "failed");
    else machines.giveBack(machine);
  }
  return undefined;
}
