import { describe, expect, it } from "vitest";
import { hostFunction, Pool, type PoolOptions, Sandbox, type SandboxOptions, t } from "../src/index.js";
import { errorOf } from "./support/errors.js";
import { hostWith } from "./support/host.js";
import { needsMachine } from "./support/machine.js";
import { moduleOf, textOf, utf8 } from "./support/modules.js";
import { live, open, turns, until } from "./support/pools.js";

needsMachine();

describe("a call of a pool", () => {
  it("starts from the snapshot, whatever the call before it left, and however it was made", async () => {
    await using pool = await open({ max: 2 });
    for (let round = 0; round < 5; round += 1) {
      expect(pool.call("count")).toBe(1);
      expect(await pool.callAsync("count", [])).toBe(1);
      expect(await pool.use((sandbox) => [sandbox.call("count"), sandbox.call("count")])).toEqual([1, 1]);
      expect(
        await pool.use((sandbox) => {
          const session = sandbox.session();
          return [session.call("count"), session.call("count")];
        }),
      ).toEqual([1, 2]);
    }
    const grown = pool.call("grow", 4);
    expect(grown).toBe(1);
    await turns();
    expect(pool.call("size")).toBe(1);
  });

  it("finds a clean machine when it is the only one, without a turn of the event loop between", async () => {
    await using pool = await open({ max: 1 });
    expect(Array.from({ length: 20 }, () => pool.call("count"))).toEqual(new Array(20).fill(1));
    expect(pool.stats()).toMatchObject({ created: 1, calls: 20, refusals: 0 });
    for (let round = 0; round < 5; round += 1) {
      await pool.callAsync("count", []);
      expect(pool.call("count")).toBe(1);
    }
  });

  it("takes what a sandbox takes", async () => {
    const codec = { name: "text", encode: utf8, decode: textOf };
    await using pool = await open({}, { module: moduleOf("bytes") });
    const output = new Uint8Array(8);
    expect(textOf(pool.callBytes("echo", utf8("one")))).toBe("one");
    expect(pool.callInto("echo", utf8("two"), output)).toBe(3);
    expect(pool.callMany("echo", [utf8("a"), utf8("b")]).map(textOf)).toEqual(["a", "b"]);
    expect(pool.callWith(codec, "echo", "three")).toBe("three");
    expect(textOf(await pool.callAsync("echo", utf8("four")))).toBe("four");
    expect(await pool.callWithAsync(codec, "echo", "five")).toBe("five");
    await pool.use(async (sandbox) => {
      expect(textOf(sandbox.callBytes("echo", utf8("one")))).toBe("one");
      expect(sandbox.callInto("echo", utf8("two"), output)).toBe(3);
      expect(sandbox.callMany("echo", [utf8("a"), utf8("b")]).map(textOf)).toEqual(["a", "b"]);
      expect(sandbox.callWith(codec, "echo", "three")).toBe("three");
      expect(textOf(await sandbox.callAsync("echo", utf8("four")))).toBe("four");
      expect(await sandbox.callWithAsync(codec, "echo", "five")).toBe("five");
    });
  });

  it("copies its input when it has to wait", async () => {
    await using pool = await open({ max: 1 }, { module: moduleOf("bytes") });
    const lent = await pool.acquire();
    const input = Buffer.from("before");
    const reply = pool.callAsync("echo", input);
    input.fill(0);
    lent.release();
    expect(textOf(await reply)).toBe("before");
  });

  it("has host functions, each machine with its own calls; one may use the pool", async () => {
    await using pool = await open(
      { max: 3 },
      {
        module: moduleOf("host"),
        host: hostWith({
          now: hostFunction({ params: [], result: t.u64 }, async () => {
            await turns();
            return 7n;
          }),
          flag: hostFunction({ params: [t.bool], result: t.bool }, () => pool.call("add", 1, 1) === 2),
        }),
      },
    );
    expect(await Promise.all([pool.callAsync("now", []), pool.callAsync("now", [])])).toEqual([7n, 7n]);
    expect(pool.call("flag", 1)).toBe(1);
  });

  it("that is refused before it enters the guest leaves the machine as it is", async () => {
    await using pool = await open({ max: 1 });
    expect((await errorOf(() => pool.call("nobody"))).code).toBe("E_NO_FUNCTION");
    expect((await errorOf(() => pool.callAsync("nobody", []))).code).toBe("E_NO_FUNCTION");
    expect((await errorOf(() => pool.call("add", "one" as never, 2))).code).toBe("E_TYPE");
    expect(pool.stats()).toMatchObject({ machines: { ready: 1, busy: 0, restoring: 0 }, calls: 0 });
  });
});

describe("a lease", () => {
  it("ends with its release; sessions and sandbox are of no use then", async () => {
    await using pool = await open({ max: 1 });
    const lent = await pool.acquire();
    const session = lent.session();
    expect((await errorOf(() => lent.call("count"))).code).toBe("E_BUSY");
    lent.release();
    lent.release();
    expect(lent.held).toBe(false);
    expect((await errorOf(() => lent.call("count"))).code).toBe("E_DISPOSED");
    expect((await errorOf(() => lent.session())).code).toBe("E_DISPOSED");
    expect((await errorOf(() => session.call("count"))).code).toBe("E_DISPOSED");
    session.finish();
    expect(pool.call("count")).toBe(1);
    expect(live(pool)).toBe(1);
  });

  it("is released by use, also when that fails", async () => {
    await using pool = await open({ max: 1 });
    const error = new Error("no luck");
    await expect(
      pool.use((sandbox) => {
        sandbox.session().call("count");
        throw error;
      }),
    ).rejects.toBe(error);
    expect(pool.call("count")).toBe(1);
  });

  it("released during its asynchronous call ends it, and the machine is replaced", async () => {
    await using pool = await open({ max: 1 }, { limits: { deadline: "none" } });
    const lent = await pool.acquire();
    const call = errorOf(() => lent.callAsync("forever", []));
    const next = pool.callAsync("count", []);
    lent.release();
    expect((await call).code).toBe("E_DISPOSED");
    expect(await next).toBe(1);
    expect(pool.stats()).toMatchObject({ created: 2, retired: { abandoned: 1 } });
  });

  it("may not be released by a host function of its synchronous call", async () => {
    let code = "";
    const host = hostWith({
      notify: hostFunction({ params: [t.u32] }, () => {
        try {
          lent.release();
        } catch (error) {
          code = (error as { code: string }).code;
        }
      }),
    });
    await using pool = await open({ max: 1 }, { module: moduleOf("host"), host });
    using lent = await pool.acquire();
    lent.call("notify", 1);
    expect(code).toBe("E_BUSY");
    expect(lent.call("add", 40, 2)).toBe(42);
  });
});

describe("machines of a pool", () => {
  it("are ready from the start, and never more than there may be", async () => {
    await using pool = await open({ min: 2, max: 3 });
    expect(pool.stats()).toMatchObject({ machines: { ready: 2, busy: 0, restoring: 0 }, created: 2 });
    const counts = await Promise.all(Array.from({ length: 12 }, () => pool.callAsync("count", [])));
    expect(counts).toEqual(new Array(12).fill(1));
    const lent = await Promise.all([pool.acquire(), pool.acquire(), pool.acquire()]);
    expect(pool.stats()).toMatchObject({ machines: { busy: 3 }, created: 3 });
    for (const one of lent) one.release();
  });

  it("are refused to a synchronous call when all are lent", async () => {
    await using pool = await open({ max: 2 });
    using _first = await pool.acquire();
    using _second = await pool.acquire();
    const error = await errorOf(() => pool.call("count"));
    expect(error.message).toBe("E_BUSY: the pool is busy: all 2 machines are in use");
    expect(pool.stats()).toMatchObject({ machines: { ready: 0, busy: 2, restoring: 0 }, refusals: 1 });
  });

  it("are replaced after so many calls, whether there was time between or not", async () => {
    await using pool = await open({ max: 1, maxUses: 3 });
    for (let call = 0; call < 9; call += 1) expect(pool.call("count")).toBe(1);
    await until(() => pool.stats().machines.ready === 1);
    expect(pool.stats()).toMatchObject({ created: 4, retired: { uses: 3 }, calls: 9 });
    for (let call = 0; call < 9; call += 1) {
      expect(await pool.callAsync("count", [])).toBe(1);
      await until(() => pool.stats().machines.ready === 1);
    }
    expect(pool.stats()).toMatchObject({ created: 7, retired: { uses: 6 } });
    expect(live(pool)).toBe(1);
  });

  it("go when they were idle for long, down to those that are kept", async () => {
    await using pool = await open({ min: 1, max: 4, idleTime: "20ms" });
    const lent = await Promise.all(Array.from({ length: 4 }, () => pool.acquire()));
    expect(lent.map((one) => one.call("count"))).toEqual([1, 1, 1, 1]);
    for (const one of lent) one.release();
    expect(live(pool)).toBe(4);
    await until(() => live(pool) === 1);
    expect(pool.stats()).toMatchObject({ machines: { ready: 1 }, retired: { idle: 3 } });
    expect(pool.call("count")).toBe(1);
  });

  it("come from the sandbox's snapshot, and outlive it", async () => {
    const seed = hostFunction({ params: [], result: t.i32 }, () => 5);
    const sandbox = await Sandbox.create({
      module: moduleOf("init"),
      host: { seed },
      init: utf8("settings"),
    });
    await using pool = await sandbox.pool({ min: 2, max: 4 });
    sandbox.close();
    expect(textOf(pool.callBytes("given"))).toBe("settings");
    expect(pool.call("started")).toBe(1);
    expect(pool.call("ask")).toBe(5);
    expect((await errorOf(() => sandbox.pool())).code).toBe("E_DISPOSED");
  });
});

describe("the end of a pool", () => {
  it("drained: what waits and runs is served, and nothing new", async () => {
    const pool = await open({ max: 2 });
    const lent = await pool.acquire();
    const calls = Promise.all(Array.from({ length: 6 }, () => pool.callAsync("count", [])));
    let drained = false;
    const drain = pool.drain().then(() => {
      drained = true;
    });
    const again = pool.drain();
    expect((await errorOf(() => pool.call("count"))).message).toBe("E_DISPOSED: the pool is being drained");
    expect((await errorOf(() => pool.acquire())).code).toBe("E_DISPOSED");
    expect(await calls).toEqual(new Array(6).fill(1));
    expect(drained).toBe(false);
    expect(lent.call("count")).toBe(1);
    const signal = AbortSignal.timeout(10);
    expect((await errorOf(() => pool.drain({ signal }))).code).toBe("E_ABORTED");
    lent.release();
    await Promise.all([drain, again, pool.drain()]);
    expect(live(pool)).toBe(0);
    expect((await errorOf(() => pool.call("count"))).message).toBe("E_DISPOSED: the pool is closed");
  });

  it("closed: calls and requests end at once, and what was lent is of no use", async () => {
    const pool = await open({ max: 2 }, { limits: { deadline: "none" } });
    const lent = await pool.acquire();
    const running = errorOf(() => pool.callAsync("forever", []));
    const waiting = [errorOf(() => pool.callAsync("count", [])), errorOf(() => pool.acquire())];
    await turns();
    pool.close();
    pool.close();
    for (const error of await Promise.all([running, ...waiting])) expect(error.code).toBe("E_DISPOSED");
    expect((await errorOf(() => lent.call("count"))).code).toBe("E_DISPOSED");
    lent.release();
    expect(live(pool)).toBe(0);
    expect(pool.stats().queue).toBe(0);
    await pool.drain();
  });

  it("closed by a host function of a synchronous call: that call is answered, and its machine goes then", async () => {
    let pool: Pool | undefined;
    const host = hostWith({ notify: hostFunction({ params: [t.u32] }, () => pool?.close()) });
    pool = await open({ min: 2, max: 2 }, { module: moduleOf("host"), host });
    pool.call("notify", 1);
    expect(live(pool)).toBe(0);
    expect((await errorOf(() => pool?.call("add", 1, 2))).code).toBe("E_DISPOSED");
  });

  it("comes for its calls when the signal of its sandbox fires", async () => {
    const controller = new AbortController();
    await using pool = await open({ max: 1 }, { signal: controller.signal, limits: { deadline: "none" } });
    const running = errorOf(() => pool.callAsync("forever", []));
    const waiting = errorOf(() => pool.acquire());
    await turns();
    controller.abort();
    expect((await running).code).toBe("E_ABORTED");
    expect((await waiting).code).toBe("E_ABORTED");
    expect((await errorOf(() => pool.call("count"))).code).toBe("E_ABORTED");
  });
});

describe("options of a pool", () => {
  const refused: readonly (readonly [Record<string, unknown>, string])[] = [
    [{ max: 0 }, "max: expected a whole number from 1 to 65536, found 0"],
    [{ max: 1.5 }, "max: expected a whole number from 1 to 65536, found 1.5"],
    [{ min: 3, max: 2 }, "min: expected a whole number from 0 to 2, found 3"],
    [{ min: -1 }, "min: expected a whole number from 0 to 16, found -1"],
    [{ maxUses: 0 }, "maxUses: expected a whole number from 1 to 9007199254740991, found 0"],
    [{ queue: -1 }, "queue: expected a whole number from 0 to 1048576, found -1"],
    [{ queueTime: "2days" }, 'queueTime: "2days" is no time'],
    [{ queueTime: "90000s" }, 'queueTime: expected a time from 1us to a day, found "90000s"'],
    [{ idleTime: 0 }, "idleTime: 0 is no time"],
    [{ budget: {} }, "budget: expected a PoolBudget, found a value of type Object"],
    [{ size: 3 }, 'unknown option "size"; known are'],
  ];

  it("that make no sense are refused, with what is allowed", async () => {
    const module = moduleOf("scalars");
    await using sandbox = await Sandbox.create({ module });
    for (const [options, text] of refused) {
      const error = await errorOf(() => sandbox.pool(options as PoolOptions));
      expect(error.code).toBe("E_OPTION");
      expect(error.message).toContain(text);
      const same = await errorOf(() => Pool.create({ module, ...options } as SandboxOptions & PoolOptions));
      expect(same.message).toContain(text);
    }
    expect((await errorOf(() => sandbox.pool(5 as never))).code).toBe("E_OPTION");
    const error = await errorOf(() => Pool.create({ module, limits: { memory: -1 } }));
    expect(error.code).toBe("E_OPTION");
  });
});
