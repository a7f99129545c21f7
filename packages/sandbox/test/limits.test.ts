import { describe, expect, it } from "vitest";
import { Sandbox } from "../src/index.js";
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
      expect(sandbox.call("add", 40, 2)).toBe(42);
    }
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
