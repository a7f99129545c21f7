import os from "node:os";
import { describe, expect, it, vi } from "vitest";
import { Sandbox } from "../src/index.js";
import { inTime } from "./support/deadlines.js";
import { errorOf } from "./support/errors.js";
import { needsMachine } from "./support/machine.js";
import { moduleOf, textOf, utf8 } from "./support/modules.js";
import { openSandbox } from "./support/sandbox.js";

needsMachine();

describe("traps", () => {
  const sandbox = openSandbox({ module: () => moduleOf("scalars") });

  it.each<[string, number[], string]>([
    ["divide", [1, 0], "integer divide by zero"],
    ["overflow", [], "integer overflow"],
    ["convert", [Number.NaN], "invalid conversion to integer"],
    ["unreachable", [], "unreachable executed"],
    ["load", [65536], "out of bounds memory access"],
    ["load", [-4], "out of bounds memory access"],
    ["indirect", [7], "undefined element: out of bounds table access"],
    ["indirect", [0], "uninitialized element"],
    ["recurse", [0], "call stack exhausted"],
  ])("%s%o is E_TRAP: %s; the next call is right", async (name, values, message) => {
    const error = await errorOf(() => sandbox().call(name, ...values));
    expect(error.code).toBe("E_TRAP");
    expect(error.message).toContain(`function "${name}" trapped: ${message}`);
    expect(sandbox().call("add", 40, 2)).toBe(42);
    expect(sandbox().call("count")).toBe(1);
  });

  it("the backtrace names the functions, innermost first", async () => {
    const error = await errorOf(() => sandbox().call("outer", 0));
    expect(error.backtrace.map((frame) => frame.name)).toEqual(["divide", "outer"]);
    expect(error.backtrace[0]?.offset).toBeGreaterThan(0);
    expect(error.formatBacktrace()).toMatch(/^0: divide \(function \d+, offset 0x[0-9a-f]+\)\n1: outer/);
  });

  it("a deep recursion has a bounded backtrace", async () => {
    const error = await errorOf(() => sandbox().call("recurse", 0));
    expect(error.backtrace.length).toBeGreaterThan(1);
    expect(error.backtrace.length).toBeLessThanOrEqual(64);
  });
});

describe("the deadline", () => {
  it("ends an endless loop, and the sandbox is usable again", async () => {
    await using sandbox = await Sandbox.create({ module: moduleOf("scalars"), limits: { deadline: "50ms" } });
    for (let round = 0; round < 3; round += 1) {
      const error = await errorOf(() => sandbox.call("forever"));
      expect(error.code).toBe("E_DEADLINE");
      expect(error.message).toContain('function "forever" did not end within 50 ms');
      expect(await inTime(50, () => sandbox.call("add", 40, 2))).toBe(42);
    }
  });
});

describe("processor time", () => {
  it("ends a loop before its deadline, and not a call that is within it", async () => {
    const limits = { deadline: "60s", cpuTime: "30ms" } as const;
    await using sandbox = await Sandbox.create({ module: moduleOf("scalars"), limits });
    for (let round = 0; round < 2; round += 1) {
      const error = await errorOf(() => sandbox.call("forever"));
      expect(error.code).toBe("E_DEADLINE");
      expect(error.message).toContain('function "forever" used up its 30 ms of processor time');
      expect(sandbox.call("add", 40, 2)).toBe(42);
    }
    const error = await errorOf(() => sandbox.callAsync("forever", []));
    expect(error.message).toContain("processor time");
    expect(await sandbox.callAsync("add", [40, 2])).toBe(42);
  });
});

describe("limits that make no sense", () => {
  it.each<[object, string]>([
    [{ memory: -1 }, "memory: -1 is no size"],
    [{ memory: "17GiB" }, "0 to 17179869184 are allowed"],
    [{ deadline: 0 }, "deadline: 0 is no time"],
    [{ hostCalls: Number.NaN }, "hostCalls: NaN is no count"],
    [{ nesting: 1000 }, "0 to 64 are allowed"],
    [{ cpu: 1 }, 'unknown limit "cpu"'],
  ])("%o are refused with what is allowed", async (limits, message) => {
    const error = await errorOf(() => Sandbox.create({ module: moduleOf("scalars"), limits }));
    expect(error.message).toMatch(/^E_OPTION: /);
    expect(error.message).toContain(message);
  });

  it("are those beyond the host's memory too", async () => {
    const spy = vi.spyOn(os, "totalmem").mockReturnValue(2 ** 30);
    try {
      const create = () => Sandbox.create({ module: moduleOf("scalars"), limits: { memory: "2GiB" } });
      const error = await errorOf(create);
      expect(error.message).toBe(
        "E_OPTION: memory: 2147483648 is more than the 1073741824 bytes of this host; 0 to 1073741824 are allowed",
      );
    } finally {
      spy.mockRestore();
    }
  });
});

describe("statistics", () => {
  it("show the limits that hold", async () => {
    const limits = { memory: "2MiB", nesting: 2, cpuTime: "1s" } as const;
    await using sandbox = await Sandbox.create({ module: moduleOf("scalars"), limits });
    expect(sandbox.stats()).toMatchObject({
      sessions: 0,
      limits: {
        memory: 2 ** 21,
        deadline: 1_000_000,
        fuel: undefined,
        resultBytes: 2 ** 20,
        hostCalls: 10_000,
        hostBytes: 2 ** 26,
        cpuTime: 1_000_000,
        nesting: 2,
        logBytes: 65_536,
      },
    });
    const session = sandbox.session();
    expect(sandbox.stats().sessions).toBe(1);
    session.finish();
    expect(sandbox.stats().sessions).toBe(0);
  });
});

describe("memory", () => {
  it("memory.grow past the cap gives the guest -1, below it the old size", async () => {
    await using sandbox = await Sandbox.create({ module: moduleOf("scalars"), limits: { memory: "1MiB" } });
    // The module's table counts too: there is no room for 16 pages.
    expect(sandbox.call("grow", 15)).toBe(-1);
    expect(sandbox.call("grow", 14)).toBe(1);
    expect(sandbox.call("grow", 65536)).toBe(-1);
    expect(sandbox.call("size")).toBe(1);
  });

  it("grown memory is gone after the call, and stays within a session", async () => {
    await using sandbox = await Sandbox.create({ module: moduleOf("scalars") });
    const session = sandbox.session();
    expect([session.call("grow", 3), session.call("size"), session.call("load", 4 * 65536 - 4)]).toEqual([
      1, 4, 0,
    ]);
    session.finish();
    expect(sandbox.call("size")).toBe(1);
    expect((await errorOf(() => sandbox.call("load", 65536))).code).toBe("E_TRAP");
  });
});

describe("fuel", () => {
  it("is counted, the same each time, and runs out", async () => {
    await using sandbox = await Sandbox.create({ module: moduleOf("scalars"), limits: { fuel: 100_000 } });
    expect(sandbox.call("spin", 1000)).toBe(7);
    const used = sandbox.stats().fuel;
    expect(used).toBeGreaterThan(1000n);
    sandbox.call("spin", 1000);
    expect(sandbox.stats().fuel).toBe(used);
    const error = await errorOf(() => sandbox.call("forever"));
    expect(error.code).toBe("E_FUEL");
    expect(error.message).toContain("100000 units of fuel");
    expect(sandbox.call("spin", 1000)).toBe(7);
  });
});

describe("resultBytes", () => {
  it("bounds a result", async () => {
    await using sandbox = await Sandbox.create({ module: moduleOf("bytes"), limits: { resultBytes: 1000 } });
    expect((await errorOf(() => sandbox.callBytes("large"))).code).toBe("E_LIMIT");
    expect((await errorOf(() => sandbox.callInto("large", utf8(""), new Uint8Array(70_000)))).code).toBe(
      "E_LIMIT",
    );
    expect(textOf(sandbox.callBytes("echo", utf8("ok")))).toBe("ok");
  });
});
