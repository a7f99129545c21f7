import { describe, expect, it } from "vitest";
import { type HostFunction, hostFunction, type Sandbox, t } from "../src/index.js";
import { inTime } from "./support/deadlines.js";
import { errorOf } from "./support/errors.js";
import { sandboxWith } from "./support/host.js";
import { needsMachine } from "./support/machine.js";
import { textOf, utf8 } from "./support/modules.js";

needsMachine();

describe("scalar host functions", () => {
  it("get and give values of their declared types", async () => {
    const seen: unknown[] = [];
    await using sandbox = await sandboxWith({
      notify: hostFunction({ params: [t.u32] }, (value) => void seen.push(value)),
    });
    expect(sandbox.call("now")).toBe(-1n);
    expect(sandbox.call("mix", -1, 2n, 0.5, 0.25)).toBe(1.75);
    expect([sandbox.call("flag", 0), sandbox.call("flag", 5)]).toEqual([1, 0]);
    expect(sandbox.call("notify", -1)).toBe(-1);
    expect(seen).toEqual([4294967295]);
    expect(sandbox.stats()).toMatchObject({ exits: 2, hostCalls: 1 });
  });

  it.each<[string, HostFunction, string]>([
    [
      "no number",
      hostFunction({ params: [], result: t.u64 }, () => 5 as never),
      "expected u64 (a bigint from 0 to 2^64-1), found 5",
    ],
    ["nothing", hostFunction({ params: [], result: t.u64 }, () => undefined as never), "found undefined"],
    ["too much", hostFunction({ params: [], result: t.u64 }, () => 2n ** 64n), "found 18446744073709551616n"],
    [
      "a promise",
      hostFunction({ params: [], result: t.u64 }, (async () => 5n) as never),
      "it must answer synchronously",
    ],
  ])(
    "that return %s are E_TYPE, naming function and type; the next call is right",
    async (_, now, message) => {
      await using sandbox = await sandboxWith({ now });
      const error = await errorOf(() => sandbox.call("now"));
      expect(error.code).toBe("E_TYPE");
      expect(error.message).toContain('host function "now", result: ');
      expect(error.message).toContain(message);
      expect(sandbox.call("add", 1, 2)).toBe(3);
    },
  );
});

describe("host functions on bytes", () => {
  it("answer within the call", async () => {
    await using sandbox = await sandboxWith({});
    expect(textOf(sandbox.callBytes("upper", utf8("hello")))).toBe("HELLO");
    expect(textOf(sandbox.callBytes("twice", utf8("again")))).toBe("AGAIN");
    expect(sandbox.callBytes("upper", utf8(""))).toEqual(new Uint8Array(0));
  });

  it("get a copy, and may keep it", async () => {
    const kept: Uint8Array[] = [];
    const upper = hostFunction({ params: [t.bytes], result: t.bytes }, (input) => {
      kept.push(input);
      return Uint8Array.of(kept.length);
    });
    await using sandbox = await sandboxWith({ upper });
    sandbox.callBytes("upper", utf8("first"));
    sandbox.callBytes("upper", utf8("other"));
    expect(kept.map(textOf)).toEqual(["first", "other"]);
  });

  it("may not answer with shared memory", async () => {
    const upper = hostFunction(
      { params: [t.bytes], result: t.bytes },
      () => new Uint8Array(new SharedArrayBuffer(4)) as never,
    );
    await using sandbox = await sandboxWith({ upper });
    expect((await errorOf(() => sandbox.callBytes("upper"))).code).toBe("E_TYPE");
  });
});

describe("host functions that throw", () => {
  it("end the call with E_HOST_FUNCTION, their error as cause, and the guest's backtrace", async () => {
    const reason = new RangeError("no such hour");
    const fails = hostFunction({ params: [], result: t.u64 }, () => {
      throw reason;
    });
    await using sandbox = await sandboxWith({ now: fails });
    const error = await errorOf(() => sandbox.call("now"));
    expect(error.code).toBe("E_HOST_FUNCTION");
    expect(error.cause).toBe(reason);
    expect(error.message).toBe('E_HOST_FUNCTION: host function "now" failed: no such hour');
    expect(error.backtrace.length).toBeGreaterThan(0);
    expect(sandbox.call("add", 1, 2)).toBe(3);
  });

  it("may throw anything", async () => {
    const fails = hostFunction({ params: [], result: t.u64 }, () => {
      throw undefined;
    });
    await using sandbox = await sandboxWith({ now: fails });
    const error = await errorOf(() => sandbox.call("now"));
    expect(error.code).toBe("E_HOST_FUNCTION");
    expect(error.cause).toBeUndefined();
  });

  it("end a session", async () => {
    let good = true;
    const now = hostFunction({ params: [], result: t.u64 }, () => {
      if (good) return 1n;
      throw new Error("bad");
    });
    await using sandbox = await sandboxWith({ now });
    const session = sandbox.session();
    expect(session.call("now")).toBe(1n);
    good = false;
    expect((await errorOf(() => session.call("now"))).code).toBe("E_HOST_FUNCTION");
    expect(session.open).toBe(false);
    const later = await errorOf(() => session.call("add", 1, 2));
    expect(later.code).toBe("E_DISPOSED");
    expect(later.message).toContain("ended with E_HOST_FUNCTION");
  });
});

describe("host functions that come back", () => {
  it("find their own sandbox busy", async () => {
    let sandbox: Sandbox | undefined;
    const inner: unknown[] = [];
    const now = hostFunction({ params: [], result: t.u64 }, () => {
      for (const attempt of [
        () => sandbox?.call("add", 1, 2),
        () => sandbox?.session(),
        () => sandbox?.close(),
      ]) {
        try {
          attempt();
        } catch (error) {
          inner.push((error as { code: string }).code);
        }
      }
      return 7n;
    });
    sandbox = await sandboxWith({ now });
    expect(sandbox.call("now")).toBe(7n);
    expect(inner).toEqual(["E_BUSY", "E_BUSY", "E_BUSY"]);
    sandbox.close();
  });

  it("may use another sandbox of the same module", async () => {
    await using other = await sandboxWith({});
    await using sandbox = await sandboxWith({
      now: hostFunction({ params: [], result: t.u64 }, () => BigInt(other.call("add", 40, 2) as number)),
    });
    expect(sandbox.call("now")).toBe(42n);
  });
});

describe("deferred host functions", () => {
  it("run in order, cost no exit, and are done when the call returns", async () => {
    const ticks: number[] = [];
    await using sandbox = await sandboxWith({
      tick: hostFunction({ params: [t.i32], deferred: true }, (value) => void ticks.push(value)),
    });
    expect(sandbox.call("ticks", 5)).toBe(5);
    expect(ticks).toEqual([0, 1, 2, 3, 4]);
    expect(sandbox.stats()).toMatchObject({ exits: 1, hostCalls: 0 });
  });

  it("take bytes, also more than the outbox holds", async () => {
    const lines: Uint8Array[] = [];
    await using sandbox = await sandboxWith(
      { log: hostFunction({ params: [t.bytes], deferred: true }, (line) => void lines.push(line)) },
      { limits: { logBytes: "1MiB" } },
    );
    sandbox.callBytes("log", utf8("short"));
    expect(lines.map(textOf)).toEqual(["short", "short"]);
    lines.length = 0;
    sandbox.callBytes("log", new Uint8Array(50_000).fill(0x61));
    expect(lines.map((line) => line.length)).toEqual([50_000, 50_000]);
    expect(lines.every((line) => line.every((byte) => byte === 0x61))).toBe(true);
  });

  it("that throw fail the call with their error as cause, but a session goes on", async () => {
    const reason = new Error("disk full");
    await using sandbox = await sandboxWith({
      tick: hostFunction({ params: [t.i32], deferred: true }, () => {
        throw reason;
      }),
    });
    const session = sandbox.session();
    const error = await errorOf(() => session.call("ticks", 2));
    expect(error.code).toBe("E_HOST_FUNCTION");
    expect(error.cause).toBe(reason);
    expect(session.call("add", 1, 2)).toBe(3);
  });
});

describe("limits of host calls", () => {
  it("hostCalls bounds their number", async () => {
    await using sandbox = await sandboxWith({}, { limits: { hostCalls: 10 } });
    sandbox.call("nows", 10);
    expect((await errorOf(() => sandbox.call("nows", 11))).code).toBe("E_LIMIT");
    sandbox.call("nows", 10);
  });

  it("hostBytes bounds what they pass, and it is counted", async () => {
    await using sandbox = await sandboxWith({}, { limits: { hostBytes: 100 } });
    sandbox.call("nows", 1);
    const once = sandbox.stats().hostBytes;
    expect(once).toBeGreaterThan(0);
    const most = Math.floor(100 / once);
    sandbox.call("nows", most);
    expect(sandbox.stats().hostBytes).toBe(most * once);
    const error = await errorOf(() => sandbox.call("nows", most + 1));
    expect(error.message).toContain("passed more than 100 bytes in all");
    expect((await errorOf(() => sandbox.callAsync("nows", [most + 1]))).code).toBe("E_LIMIT");
    sandbox.call("nows", 1);
  });

  it("nesting bounds calls within host functions of others", async () => {
    const sandboxes: Sandbox[] = [];
    let depth = 0;
    let failure: unknown;
    const now = hostFunction({ params: [], result: t.u64 }, () => {
      depth += 1;
      const next = sandboxes[depth];
      try {
        if (next !== undefined) next.call("now");
      } catch (error) {
        failure = error;
      }
      return 1n;
    });
    for (let count = 0; count < 5; count += 1)
      sandboxes.push(await sandboxWith({ now }, { limits: { nesting: 3 } }));
    try {
      expect(sandboxes[0]?.call("now")).toBe(1n);
      expect(depth).toBe(3);
      expect(failure).toMatchObject({ code: "E_LIMIT", message: expect.stringContaining("nesting") });
      // It counts what is under way, not what was.
      [depth, failure] = [4, undefined];
      for (let round = 0; round < 10; round += 1) sandboxes[0]?.call("now");
      expect(failure).toBeUndefined();
    } finally {
      for (const sandbox of sandboxes) sandbox.close();
    }
  });

  it("logBytes bounds deferred calls", async () => {
    await using sandbox = await sandboxWith({}, { limits: { logBytes: "4KiB" } });
    expect(sandbox.call("ticks", 10)).toBe(10);
    expect(sandbox.stats().logBytes).toBeGreaterThan(0);
    expect((await errorOf(() => sandbox.call("ticks", 100_000))).code).toBe("E_LIMIT");
    expect(sandbox.call("ticks", 10)).toBe(10);
  });

  it("the deadline covers host functions", async () => {
    const slow = hostFunction({ params: [], result: t.u64 }, () => {
      const end = performance.now() + 120;
      while (performance.now() < end);
      return 1n;
    });
    await using sandbox = await sandboxWith({ now: slow }, { limits: { deadline: "50ms" } });
    expect((await errorOf(() => sandbox.call("now"))).code).toBe("E_DEADLINE");
    expect(await inTime(50, () => sandbox.call("add", 1, 2))).toBe(3);
  });

  it("a signal that fires within a call ends it at its next host call", async () => {
    const controller = new AbortController();
    let calls = 0;
    const now = hostFunction({ params: [], result: t.u64 }, () => {
      calls += 1;
      if (calls === 3) controller.abort(new Error("enough"));
      return 1n;
    });
    await using sandbox = await sandboxWith({ now }, { signal: controller.signal });
    const error = await errorOf(() => sandbox.call("nows", 10));
    expect(error.code).toBe("E_ABORTED");
    expect(calls).toBe(3);
    expect((await errorOf(() => sandbox.call("add", 1, 2))).code).toBe("E_ABORTED");
  });
});

describe("declarations that make no sense", () => {
  it.each<[string, () => unknown]>([
    ["bytes and scalars", () => hostFunction({ params: [t.bytes, t.i32] }, () => {})],
    ["bytes in, a scalar out", () => hostFunction({ params: [t.bytes], result: t.i32 }, () => 1)],
    ["a scalar in, bytes out", () => hostFunction({ params: [t.i32], result: t.bytes }, () => utf8(""))],
    [
      "a deferred function with a result",
      () => hostFunction({ params: [], result: t.i32, deferred: true }, () => 1),
    ],
    ["no types", () => hostFunction({ params: ["i32"] as never }, () => {})],
    ["no function", () => hostFunction({ params: [] }, 7 as never)],
    ["an unknown option", () => hostFunction({ params: [], results: [] } as never, () => {})],
    ["no declaration", () => hostFunction(undefined as never, () => {})],
  ])("%s are E_OPTION", async (_, attempt) => {
    expect((await errorOf(attempt)).code).toBe("E_OPTION");
  });
});

describe("buffers of a call that a host function takes away", () => {
  /** A host function that detaches a buffer while the call that has it is running. */
  const taking = (buffer: ArrayBuffer, answer: number) =>
    hostFunction({ params: [t.bytes], result: t.bytes }, () => {
      structuredClone(buffer, { transfer: [buffer] });
      return new Uint8Array(answer).fill(0x41);
    });

  it.each([5, 20_000])("the output: E_LIMIT for a result of %i bytes, as no room is left", async (length) => {
    const output = new Uint8Array(32_768);
    await using sandbox = await sandboxWith({ upper: taking(output.buffer, length) });
    const error = await errorOf(() => sandbox.callInto("upper", utf8("hello"), output));
    expect(error.code).toBe("E_LIMIT");
    expect(error.message).toContain(`the result has ${length} bytes, the output has room for 0`);
    expect(output.length).toBe(0);
    expect(sandbox.call("add", 1, 2)).toBe(3);
  });

  it("the input: it was copied before, and the result is right", async () => {
    const input = new Uint8Array(16).fill(0x61);
    const output = new Uint8Array(8);
    await using sandbox = await sandboxWith({ upper: taking(input.buffer, 3) });
    expect(sandbox.callInto("upper", input, output)).toBe(3);
    expect(textOf(output.subarray(0, 3))).toBe("AAA");
  });

  it("the output of a deferred call", async () => {
    const output = new Uint8Array(8);
    const log = hostFunction({ params: [t.bytes], deferred: true }, () => {
      if (output.length > 0) structuredClone(output.buffer, { transfer: [output.buffer] });
    });
    await using sandbox = await sandboxWith({ log });
    expect(sandbox.callInto("log", utf8("x"), output)).toBe(0);
    expect(output.length).toBe(0);
  });
});
