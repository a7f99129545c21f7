import { availableParallelism } from "node:os";
import { describe, expect, it } from "vitest";
import { hostFunction, Sandbox, t } from "../src/index.js";
import { inTime } from "./support/deadlines.js";
import { errorOf } from "./support/errors.js";
import { sandboxWith } from "./support/host.js";
import { needsMachine } from "./support/machine.js";
import { moduleOf, textOf, utf8 } from "./support/modules.js";
import { openSandbox } from "./support/sandbox.js";

needsMachine();

const later = <Value>(value: Value, milliseconds = 5): Promise<Value> =>
  new Promise((resolve) => setTimeout(() => resolve(value), milliseconds));

/** Turns of the event loop while `work` is under way. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let turns = 0;
  const timer = setInterval(() => {
    turns += 1;
  }, 1);
  try {
    await work;
  } finally {
    clearInterval(timer);
  }
  return turns;
}

describe("callAsync", () => {
  const bytes = openSandbox({ module: () => moduleOf("bytes") });
  const scalars = openSandbox({ module: () => moduleOf("scalars") });

  it("calls bytes functions and scalar functions", async () => {
    expect(textOf(await bytes().callAsync("echo", utf8("hello")))).toBe("hello");
    expect(await bytes().callAsync("echo")).toEqual(new Uint8Array(0));
    expect(await scalars().callAsync("add", [40, 2])).toBe(42);
    expect(await scalars().callAsync("add64", [2n ** 40n, 1n])).toBe(2n ** 40n + 1n);
    expect(await scalars().callAsync("divmod", [-7, 2])).toEqual([-3, -1]);
    expect(await scalars().callAsync("nothing", [])).toBeUndefined();
  });

  it("takes a copy of the input, and gives results of its own", async () => {
    const input = new Uint8Array(20_000).map((_, index) => index % 251);
    const expected = input.slice();
    const reply = bytes().callAsync("echo", input);
    input.fill(0);
    expect(await reply).toEqual(expected);
  });

  it("starts each call from the same state", async () => {
    expect([await scalars().callAsync("count", []), await scalars().callAsync("count", [])]).toEqual([1, 1]);
    expect(scalars().call("count")).toBe(1);
  });

  it("leaves the event loop free", async () => {
    await using sandbox = await Sandbox.create({
      module: moduleOf("scalars"),
      limits: { deadline: "500ms" },
    });
    const call = errorOf(() => sandbox.callAsync("forever", []));
    expect(await turnsDuring(call)).toBeGreaterThan(10);
    expect((await call).code).toBe("E_DEADLINE");
  });

  it("keeps the sandbox busy until it is over", async () => {
    const call = bytes().callAsync("echo", utf8("one"));
    for (const attempt of [
      () => bytes().callBytes("echo", utf8("two")),
      () => bytes().callAsync("echo", utf8("two")),
      () => bytes().session(),
    ]) {
      const error = await errorOf(attempt);
      expect(error.code).toBe("E_BUSY");
      expect(error.message).toContain("an asynchronous call is running");
    }
    expect(textOf(await call)).toBe("one");
    expect(textOf(bytes().callBytes("echo", utf8("two")))).toBe("two");
  });

  it("runs sandboxes beside each other", async () => {
    const module = moduleOf("scalars");
    const many = await Promise.all(Array.from({ length: 6 }, () => Sandbox.create({ module })));
    try {
      const results = await Promise.all(many.map((sandbox, index) => sandbox.callAsync("add", [index, 1])));
      expect(results).toEqual([1, 2, 3, 4, 5, 6]);
    } finally {
      for (const sandbox of many) sandbox.close();
    }
  });

  it("rejects with what a synchronous call throws", async () => {
    const cases = [
      ["divide", [1, 0]],
      ["unreachable", []],
      ["recurse", [0]],
      ["add", [1]],
      ["vector", [0]],
      ["nobody", []],
    ] as const;
    for (const [name, values] of cases) {
      const expected = await errorOf(() => scalars().call(name, ...(values as readonly number[])));
      const found = await errorOf(() => scalars().callAsync(name, values));
      expect([found.code, found.message], name).toEqual([expected.code, expected.message]);
      expect(found.backtrace, name).toEqual(expected.backtrace);
    }
    const input = new Uint8Array(new SharedArrayBuffer(4));
    expect((await errorOf(() => bytes().callAsync("echo", input))).code).toBe("E_TYPE");
    expect((await errorOf(() => bytes().callAsync("echo", input, { signals: [] } as never))).code).toBe(
      "E_OPTION",
    );
  });

  it("is refused while code of its own arguments uses the sandbox", async () => {
    let inner: Promise<unknown> = Promise.resolve();
    const values = [1, 2];
    Object.defineProperty(values, 0, {
      get: () => {
        inner = scalars().callAsync("add", [40, 2]);
        return 1;
      },
    });
    expect((await errorOf(() => scalars().callAsync("add", values))).code).toBe("E_BUSY");
    expect((await errorOf(() => scalars().session())).code).toBe("E_BUSY");
    expect(await inner).toBe(42);
    expect(scalars().call("add", 1, 2)).toBe(3);
  });

  it("wants its signal among the options", async () => {
    const error = await errorOf(() => scalars().callAsync("forever", [], AbortSignal.abort() as never));
    expect(error.message).toBe("E_OPTION: callAsync: the signal goes into the options: { signal }");
  });

  it("counts what the call used", async () => {
    await using sandbox = await Sandbox.create({ module: moduleOf("scalars"), limits: { fuel: 1_000_000 } });
    sandbox.call("spin", 1000);
    const expected = sandbox.stats();
    await sandbox.callAsync("spin", [1000]);
    const { fuel, exits, hostCalls, memoryBytes, calls } = sandbox.stats();
    expect({ fuel, exits, hostCalls, memoryBytes, calls }).toEqual({
      fuel: expected.fuel,
      exits: 1,
      hostCalls: 0,
      memoryBytes: expected.memoryBytes,
      calls: 2,
    });
  });

  it("has no figures of a call that was ended from outside", async () => {
    await using sandbox = await Sandbox.create({
      module: moduleOf("scalars"),
      limits: { fuel: 10n ** 15n, deadline: "none" },
    });
    sandbox.call("spin", 1000);
    const { fuel, restores } = sandbox.stats();
    expect(fuel).toBeGreaterThan(1000n);
    await errorOf(() => sandbox.callAsync("forever", [], { signal: AbortSignal.timeout(20) }));
    expect(sandbox.stats()).toMatchObject({ fuel: 0n, restores: restores + 1 });
    await sandbox.callAsync("add", [1, 2]);
    expect(sandbox.stats().restores).toBe(restores + 2);
  });
});

describe("an end from outside", () => {
  it("a signal ends an endless loop at once, and the next call is right", async () => {
    await using sandbox = await Sandbox.create({ module: moduleOf("scalars"), limits: { deadline: "none" } });
    for (let round = 0; round < 3; round += 1) {
      const controller = new AbortController();
      const reason = new Error("enough");
      setTimeout(() => controller.abort(reason), 20);
      const error = await errorOf(() => sandbox.callAsync("forever", [], { signal: controller.signal }));
      expect(error.code).toBe("E_ABORTED");
      expect(error.cause).toBe(reason);
      expect(await sandbox.callAsync("add", [40, 2])).toBe(42);
    }
    const aborted = await errorOf(() => sandbox.callAsync("add", [1, 2], { signal: AbortSignal.abort() }));
    expect(aborted.code).toBe("E_ABORTED");
    expect(sandbox.call("count")).toBe(1);
  });

  it("closing ends the call with E_DISPOSED", async () => {
    const sandbox = await Sandbox.create({ module: moduleOf("scalars"), limits: { deadline: "none" } });
    const call = errorOf(() => sandbox.callAsync("forever", []));
    await later(undefined, 20);
    sandbox.close();
    sandbox.close();
    expect((await call).code).toBe("E_DISPOSED");
    expect((await errorOf(() => sandbox.callAsync("add", [1, 2]))).code).toBe("E_DISPOSED");
  });
});

describe("host functions of asynchronous calls", () => {
  it("run on the event loop of the sandbox, synchronous or not, in order", async () => {
    const order: string[] = [];
    await using sandbox = await sandboxWith({
      upper: hostFunction({ params: [t.bytes], result: t.bytes }, async (input) => {
        order.push(`upper ${textOf(input)}`);
        return later(utf8(`${textOf(input).toUpperCase()}!`));
      }),
      now: hostFunction({ params: [], result: t.u64 }, () => later(7n)),
      log: hostFunction(
        { params: [t.bytes], deferred: true },
        (line) => void order.push(`log ${textOf(line)}`),
      ),
    });
    expect(textOf(await sandbox.callAsync("twice", utf8("ab")))).toBe("AB!!");
    expect(await sandbox.callAsync("now", [])).toBe(7n);
    await sandbox.callAsync("log", utf8("line"));
    expect(await sandbox.callAsync("flag", [0])).toBe(1);
    expect(order).toEqual(["upper ab", "upper AB!", "log line", "log line"]);
    expect(sandbox.stats().hostCalls).toBe(1);
  });

  it("take and give large bytes", async () => {
    await using sandbox = await sandboxWith(
      { upper: hostFunction({ params: [t.bytes], result: t.bytes }, (input) => later(input)) },
      { limits: { memory: "16MiB" } },
    );
    const input = new Uint8Array(20_000).map((_, index) => index % 251);
    expect(await sandbox.callAsync("upper", input)).toEqual(input);
  });

  it("that reject or throw are E_HOST_FUNCTION with their error as cause", async () => {
    const cause = new Error("no database");
    for (const implementation of [
      () => Promise.reject(cause),
      () => {
        throw cause;
      },
    ]) {
      await using sandbox = await sandboxWith({
        now: hostFunction({ params: [], result: t.u64 }, implementation),
      });
      const error = await errorOf(() => sandbox.callAsync("now", []));
      expect(error.code).toBe("E_HOST_FUNCTION");
      expect(error.message).toContain('host function "now" failed: no database');
      expect(error.cause).toBe(cause);
      expect(await sandbox.callAsync("add", [40, 2])).toBe(42);
    }
  });

  it("that resolve to another type are E_TYPE", async () => {
    await using sandbox = await sandboxWith({
      now: hostFunction({ params: [], result: t.u64 }, async () => "soon" as never),
    });
    const error = await errorOf(() => sandbox.callAsync("now", []));
    expect(error.code).toBe("E_TYPE");
    expect(error.message).toContain('host function "now", result: expected u64');
  });

  it("that never settle end at the deadline; what comes later is nobody's", async () => {
    let settle: (value: bigint) => void = () => {};
    let refuse: (error: Error) => void = () => {};
    await using sandbox = await sandboxWith(
      {
        now: hostFunction(
          { params: [], result: t.u64 },
          () =>
            new Promise<bigint>((resolve, reject) => {
              settle = resolve;
              refuse = reject;
            }),
        ),
      },
      { limits: { deadline: "60ms" } },
    );
    for (const finish of [() => settle(1n), () => refuse(new Error("too late"))]) {
      const error = await errorOf(() => sandbox.callAsync("now", []));
      expect(error.code).toBe("E_DEADLINE");
      finish();
      await later(undefined);
      expect(await inTime(60, () => sandbox.callAsync("add", [40, 2]))).toBe(42);
    }
  });

  it("that never settle end with the signal, too", async () => {
    await using sandbox = await sandboxWith(
      { now: hostFunction({ params: [], result: t.u64 }, () => new Promise<bigint>(() => {})) },
      { limits: { deadline: "none" } },
    );
    const error = await errorOf(() => sandbox.callAsync("now", [], { signal: AbortSignal.timeout(30) }));
    expect(error.code).toBe("E_ABORTED");
    expect(await sandbox.callAsync("add", [40, 2])).toBe(42);
  });

  it("find their sandbox busy, may close it, and may use others", async () => {
    await using other = await Sandbox.create({ module: moduleOf("scalars") });
    let busy = "";
    let sum: unknown;
    const sandbox = await sandboxWith({
      now: hostFunction({ params: [], result: t.u64 }, async () => {
        busy = (await errorOf(() => sandbox.callAsync("add", [1, 2]))).code;
        sum = await other.callAsync("add", [40, 2]);
        return 5n;
      }),
      notify: hostFunction({ params: [t.u32] }, () => sandbox.close()),
    });
    expect(await sandbox.callAsync("now", [])).toBe(5n);
    expect([busy, sum]).toEqual(["E_BUSY", 42]);
    expect((await errorOf(() => sandbox.callAsync("notify", [1]))).code).toBe("E_DISPOSED");
  });

  it("may wait for calls of others, however many do", async () => {
    const many = availableParallelism() + 10;
    const module = moduleOf("scalars");
    // So many threads start at once, on a machine that may have other work.
    const limits = { deadline: "30s" } as const;
    const inner = await Promise.all(Array.from({ length: many }, () => Sandbox.create({ module, limits })));
    const outer = await Promise.all(
      inner.map((other, index) =>
        sandboxWith(
          {
            now: hostFunction({ params: [], result: t.u64 }, async () => {
              return BigInt(Number(await other.callAsync("add", [index, 1])));
            }),
          },
          { limits },
        ),
      ),
    );
    const results = await Promise.all(outer.map((sandbox) => sandbox.callAsync("now", [])));
    expect(results).toEqual(inner.map((_, index) => BigInt(index + 1)));
    for (const sandbox of [...inner, ...outer]) sandbox.close();
  });

  it("hear nothing of a call that was ended, though it has asked before", async () => {
    let ticks = 0;
    const sandbox = await sandboxWith({
      tick: hostFunction({ params: [t.i32], deferred: true }, () => {
        ticks += 1;
        sandbox.close();
      }),
    });
    expect((await errorOf(() => sandbox.callAsync("ticks", [100]))).code).toBe("E_DISPOSED");
    await later(undefined);
    expect(ticks).toBe(1);
  });

  it("that are deferred are one-way, and may return no promise", async () => {
    await using sandbox = await sandboxWith({
      tick: hostFunction({ params: [t.i32], deferred: true }, async () => {}),
    });
    const error = await errorOf(() => sandbox.callAsync("ticks", [1]));
    expect(error.code).toBe("E_TYPE");
    expect(error.message).toContain("a deferred call is one-way");
  });

  it("are limited as in synchronous calls", async () => {
    await using sandbox = await sandboxWith({}, { limits: { hostCalls: 10, logBytes: 1024 } });
    expect((await errorOf(() => sandbox.callAsync("nows", [11]))).code).toBe("E_LIMIT");
    expect((await errorOf(() => sandbox.callAsync("ticks", [100_000]))).code).toBe("E_LIMIT");
    expect(await sandbox.callAsync("nows", [10])).toBeUndefined();
  });

  it("with a promise are E_TYPE in a synchronous call", async () => {
    await using sandbox = await sandboxWith({
      notify: hostFunction({ params: [t.u32] }, async () => {}),
      now: hostFunction({ params: [], result: t.u64 }, async () => 1n),
    });
    expect((await errorOf(() => sandbox.call("notify", 1))).message).toContain("callAsync");
    expect((await errorOf(() => sandbox.call("now"))).code).toBe("E_TYPE");
    expect(await sandbox.callAsync("now", [])).toBe(1n);
  });
});

describe("sessions", () => {
  it("go on over synchronous and asynchronous calls", async () => {
    await using sandbox = await Sandbox.create({ module: moduleOf("scalars") });
    using session = sandbox.session();
    expect(session.call("count")).toBe(1);
    expect(await session.callAsync("count", [])).toBe(2);
    expect(session.call("count")).toBe(3);
    expect(await session.callAsync("grow", [3])).toBe(1);
    expect(session.call("size")).toBe(4);
    expect(await session.callAsync("count", [])).toBe(4);
    session.finish();
    expect([sandbox.call("count"), sandbox.call("size")]).toEqual([1, 1]);
  });

  it("end with a call that fails, but not with a failure of the guest's own", async () => {
    await using sandbox = await Sandbox.create({ module: moduleOf("bytes") });
    using session = sandbox.session();
    await session.callAsync("sum", Uint8Array.of(1, 2, 3));
    expect((await errorOf(() => session.callAsync("refuse", utf8("no")))).code).toBe("E_GUEST_ERROR");
    expect(await session.callAsync("total", [])).toBe(7);
    expect((await errorOf(() => session.callAsync("outside"))).code).toBe("E_BAD_REPLY");
    expect((await errorOf(() => session.callAsync("total", []))).code).toBe("E_DISPOSED");
    expect(await sandbox.callAsync("total", [])).toBe(0);
  });
});
