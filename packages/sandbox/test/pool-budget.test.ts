import { describe, expect, it } from "vitest";
import { type Pool, PoolBudget } from "../src/index.js";
import { errorOf } from "./support/errors.js";
import { needsMachine } from "./support/machine.js";
import { moduleOf } from "./support/modules.js";
import { live, open, settled, turns } from "./support/pools.js";

needsMachine();

describe("pools that share a budget", () => {
  it("have no more machines together; the least recently used idle one goes", async () => {
    const budget = new PoolBudget({ machines: 3 });
    await using first = await open({ min: 0, max: 3, budget });
    await using second = await open({ min: 0, max: 3, budget }, { module: moduleOf("bytes") });
    await using third = await open({ min: 0, max: 3, budget }, { trustDomain: "third" });
    const a = await first.acquire();
    a.release();
    await turns();
    const b = await second.acquire();
    b.release();
    await turns();
    first.call("count");
    await settled(first);
    // Now the one of `second` is idle for longer, and there is room for one more.
    third.call("count");
    await settled(third);
    expect([live(first), live(second), live(third)]).toEqual([1, 1, 1]);
    const lent = await Promise.all([third.acquire(), third.acquire()]);
    expect([live(first), live(second), live(third)]).toEqual([1, 0, 2]);
    expect(second.stats().retired.evicted).toBe(1);
    expect(budget.stats()).toMatchObject({ machines: 3, pools: 3 });
    for (const one of lent) one.release();
  });

  it("wait in their own queue when nothing is idle, and get what comes back", async () => {
    const budget = new PoolBudget({ machines: 2 });
    await using first = await open({ min: 0, max: 4, budget });
    await using second = await open({ min: 0, max: 4, budget }, { trustDomain: "second" });
    const lent = [await first.acquire(), await first.acquire()];
    expect((await errorOf(() => second.call("count"))).message).toBe(
      "E_BUSY: the pool is busy: its budget is used up",
    );
    const waiting = second.callAsync("count", []);
    await turns();
    expect(second.stats()).toMatchObject({ queue: 1, created: 0 });
    lent[0]?.release();
    expect(await waiting).toBe(1);
    expect([live(first), live(second)]).toEqual([1, 1]);
    expect(budget.stats().machines).toBe(2);
    lent[1]?.release();
  });

  it("do not starve: one without a machine gets the next that is released, if it has waited longer", async () => {
    const budget = new PoolBudget({ machines: 1 });
    await using first = await open({ min: 0, max: 4, budget });
    await using second = await open({ min: 0, max: 4, budget }, { trustDomain: "second" });
    const order: string[] = [];
    const lent = await first.acquire();
    const call = async (pool: Pool, name: string): Promise<void> => {
      expect(await pool.callAsync("count", [])).toBe(1);
      order.push(name);
    };
    const all = [call(first, "1"), call(second, "2"), call(first, "3"), call(second, "4"), call(first, "5")];
    lent.release();
    await Promise.all(all);
    expect(order[0]).toBe("1");
    expect(order.indexOf("2")).toBeLessThan(order.indexOf("5"));
    expect([...order].sort()).toEqual(["1", "2", "3", "4", "5"]);
    expect(live(first) + live(second)).toBe(1);
  });

  it("give everything back when they close or drain", async () => {
    const budget = new PoolBudget({ machines: 4, bytes: "1GiB" });
    const first = await open({ min: 2, max: 4, budget });
    const second = await open({ min: 2, max: 4, budget });
    await Promise.all(Array.from({ length: 6 }, () => second.callAsync("count", [])));
    expect(budget.stats()).toMatchObject({ machines: 4, pools: 2 });
    expect(budget.stats().bytes).toBeGreaterThan(0);
    const waiting = errorOf(() => Promise.all(Array.from({ length: 8 }, () => first.acquire())));
    await turns();
    first.close();
    expect((await waiting).code).toBe("E_DISPOSED");
    await second.drain();
    expect(budget.stats()).toEqual({ machines: 0, bytes: 0, pools: 0 });
  });

  it("count bytes, also those that a guest opened", async () => {
    const probe = new PoolBudget({ machines: 1 });
    const small = await open({ min: 1, budget: probe });
    const { bytes } = probe.stats();
    small.close();
    expect(bytes).toBeGreaterThan(64 * 1024);
    const budget = new PoolBudget({ bytes: 3 * bytes + 256 * 1024 });
    await using first = await open({ min: 0, max: 8, budget });
    await using second = await open({ min: 0, max: 8, budget }, { trustDomain: "second" });
    const lent = await Promise.all([first.acquire(), first.acquire()]);
    second.call("count");
    await settled(second);
    expect([live(first), live(second)]).toEqual([2, 1]);
    // Half a MiB more is too much for the one that is idle.
    const session = lent[0]?.session();
    expect(session?.call("grow", 8)).toBe(1);
    lent[0]?.release();
    await settled(first);
    expect(live(second)).toBe(0);
    expect(second.stats().retired.evicted).toBe(1);
    lent[1]?.release();
  });

  it("count what a lease has opened before it is given back", async () => {
    const probe = new PoolBudget({ machines: 1 });
    const small = await open({ min: 1, budget: probe });
    const { bytes } = probe.stats();
    small.close();
    const grown = 8 * 65_536;
    // Two machines of which one has grown; not three.
    const most = 2 * bytes + grown + 64 * 1024;
    const budget = new PoolBudget({ bytes: most });
    await using first = await open({ min: 0, max: 8, budget });
    await using second = await open({ min: 0, max: 8, budget }, { trustDomain: "second" });
    await using third = await open({ min: 0, max: 8, budget }, { trustDomain: "third" });
    const lent = await first.acquire();
    second.call("count");
    await settled(second);
    const session = lent.session();
    expect(budget.stats().bytes).toBe(2 * bytes);
    expect(session.call("grow", 8)).toBe(1);
    // It is too much together with another machine, so that an idle one goes for that.
    const other = await third.acquire();
    expect([live(first), live(second), live(third)]).toEqual([1, 0, 1]);
    expect(second.stats().retired.evicted).toBe(1);
    expect(budget.stats().bytes).toBeGreaterThanOrEqual(2 * bytes + grown);
    // Now nothing is idle, and there is no room for a third.
    expect((await errorOf(() => second.call("count"))).message).toBe(
      "E_BUSY: the pool is busy: its budget is used up",
    );
    const called = second.callAsync("count", []);
    await turns();
    expect(second.stats()).toMatchObject({ queue: 1 });
    lent.release();
    expect(await called).toBe(1);
    other.release();
    await settled(first, second, third);
    expect(budget.stats().bytes).toBeLessThanOrEqual(most);
  });

  it("keep what is shared within the budget under load", async () => {
    const budget = new PoolBudget({ machines: 3 });
    const pools = await Promise.all(
      ["a", "b", "c", "d"].map((trustDomain) => open({ min: 0, max: 3, budget }, { trustDomain })),
    );
    let most = 0;
    const calls = Array.from({ length: 120 }, async (_, index) => {
      const pool = pools[index % pools.length];
      expect(await pool?.callAsync("count", [])).toBe(1);
      most = Math.max(most, budget.stats().machines);
      expect(pools.reduce((sum, one) => sum + live(one), 0)).toBe(budget.stats().machines);
    });
    await Promise.all(calls);
    expect(most).toBeLessThanOrEqual(3);
    for (const pool of pools) pool.close();
    expect(budget.stats()).toEqual({ machines: 0, bytes: 0, pools: 0 });
  });

  it("must have a limit that makes sense, and room for one machine", async () => {
    const refused: readonly (readonly [unknown, string])[] = [
      [{}, "neither machines nor bytes are limited"],
      [{ machines: 0 }, "machines: expected a whole number from 1 to 1048576, found 0"],
      [{ bytes: "12" }, 'bytes: "12" is no size'],
      [{ machine: 1 }, 'unknown option "machine"'],
    ];
    for (const [options, text] of refused) {
      const error = await errorOf(() => new PoolBudget(options as never));
      expect([error.code, error.message]).toEqual(["E_OPTION", expect.stringContaining(text)]);
    }
    const budget = new PoolBudget({ bytes: "4KiB" });
    expect((await errorOf(() => open({ budget }))).message).toMatch(
      /^E_OPTION: budget: one machine of this module takes \d+ bytes, and the budget has 4096/,
    );
    expect(budget.stats()).toEqual({ machines: 0, bytes: 0, pools: 0 });
  });
});
