import { describe, expect, it } from "vitest";
import { errorOf } from "./support/errors.js";
import { needsMachine } from "./support/machine.js";
import { live, open, settled, turns } from "./support/pools.js";

needsMachine();

describe("requests that wait", () => {
  it("are served in their order, leases and calls alike", async () => {
    await using pool = await open({ max: 2 });
    const order: number[] = [];
    const requests = Array.from({ length: 40 }, async (_, index) => {
      if (index % 3 === 0) {
        const lent = await pool.acquire();
        order.push(index);
        await turns(index % 4);
        lent.release();
      } else if (index % 3 === 1) {
        await pool.use(async () => {
          order.push(index);
          await turns(index % 3);
        });
      } else {
        await pool.use(async (sandbox) => {
          order.push(index);
          expect(await sandbox.callAsync("count", [])).toBe(1);
        });
      }
    });
    await Promise.all(requests);
    expect(order).toEqual(Array.from({ length: 40 }, (_, index) => index));
    const { queue, waits, created } = pool.stats();
    expect({ queue, created }).toEqual({ queue: 0, created: 2 });
    expect(waits.count).toBeGreaterThanOrEqual(38);
    expect(waits.longestUs).toBeGreaterThan(0);
    expect(waits.totalUs).toBeGreaterThanOrEqual(waits.longestUs);
  });

  it("are not overtaken by a synchronous call", async () => {
    await using pool = await open({ max: 1 });
    const lent = await pool.acquire();
    lent.call("count");
    const waiting = pool.acquire();
    lent.release();
    const error = await errorOf(() => pool.call("count"));
    expect(error.message).toBe("E_BUSY: the pool is busy: 1 requests wait for a machine");
    (await waiting).release();
    expect(pool.call("count")).toBe(1);
  });

  it("are as many as the limit says; one more is E_BUSY at once", async () => {
    await using pool = await open({ max: 1, queue: 2 });
    const lent = await pool.acquire();
    const waiting = [pool.callAsync("count", []), pool.callAsync("count", [])];
    const error = await errorOf(() => pool.callAsync("count", []));
    expect(error.message).toBe("E_BUSY: the pool is busy: all 1 machines are in use, and 2 requests wait");
    expect(pool.stats()).toMatchObject({ queue: 2, refusals: 1 });
    lent.release();
    expect(await Promise.all(waiting)).toEqual([1, 1]);
  });

  it("are none where the limit is 0; a machine that is being put back is free all the same", async () => {
    await using pool = await open({ max: 1, queue: 0 });
    for (let round = 0; round < 10; round += 1) expect(await pool.callAsync("count", [])).toBe(1);
    const lent = await pool.acquire();
    expect((await errorOf(() => pool.acquire())).code).toBe("E_BUSY");
    lent.release();
    (await pool.acquire()).release();
    expect(pool.stats().refusals).toBe(1);
  });

  it("wait so long and no longer", async () => {
    await using pool = await open({ max: 1, queueTime: "20ms" });
    const lent = await pool.acquire();
    const late = await Promise.all([
      errorOf(() => pool.acquire()),
      errorOf(() => pool.callAsync("count", [])),
    ]);
    for (const error of late) {
      expect(error.message).toBe("E_BUSY: the pool is busy: no machine became free within 20 ms");
    }
    expect(pool.stats()).toMatchObject({ queue: 0, refusals: 2, waits: { count: 2 } });
    const next = pool.callAsync("count", []);
    lent.release();
    expect(await next).toBe(1);
  });
});

describe("a signal", () => {
  it("ends the wait of its request, and nobody else's", async () => {
    await using pool = await open({ max: 1 });
    const lent = await pool.acquire();
    const controller = new AbortController();
    const reason = new Error("enough");
    const aborted = errorOf(() => pool.callAsync("count", [], { signal: controller.signal }));
    const other = pool.callAsync("count", []);
    const fired = await errorOf(() => pool.acquire({ signal: AbortSignal.abort(reason) }));
    controller.abort(reason);
    for (const error of [await aborted, fired]) {
      expect([error.code, error.cause]).toEqual(["E_ABORTED", reason]);
    }
    expect(pool.stats().queue).toBe(1);
    lent.release();
    expect(await other).toBe(1);
    expect(live(pool)).toBe(1);
  });

  it("ends the call of its request, and the machine is replaced or put back", async () => {
    await using pool = await open({ max: 2 }, { limits: { deadline: "none" } });
    for (let round = 0; round < 4; round += 1) {
      const signal = AbortSignal.timeout(10);
      expect((await errorOf(() => pool.callAsync("forever", [], { signal }))).code).toBe("E_ABORTED");
      expect(await pool.callAsync("count", [])).toBe(1);
      expect(pool.call("count")).toBe(1);
    }
    await settled(pool);
    expect(live(pool)).toBeLessThanOrEqual(2);
  });

  it("belongs among the options", async () => {
    await using pool = await open({ max: 1 });
    const signal = AbortSignal.timeout(1000);
    expect((await errorOf(() => pool.acquire(signal as never))).message).toBe(
      "E_OPTION: acquire: the signal goes into the options: { signal }",
    );
    expect((await errorOf(() => pool.drain({ signals: [] } as never))).code).toBe("E_OPTION");
  });
});

describe("many requests at once", () => {
  it("do not keep the event loop from other work while machines are made", async () => {
    await using pool = await open({ min: 0, max: 12, queue: 0 });
    let turnsMeanwhile = 0;
    const watch = setInterval(() => {
      turnsMeanwhile += 1;
    }, 0);
    const lent = await Promise.all(Array.from({ length: 12 }, () => pool.acquire()));
    clearInterval(watch);
    expect(turnsMeanwhile).toBeGreaterThan(0);
    expect(pool.stats()).toMatchObject({ created: 12, machines: { busy: 12 }, refusals: 0 });
    expect((await errorOf(() => pool.acquire())).code).toBe("E_BUSY");
    for (const one of lent) one.release();
  });
});
