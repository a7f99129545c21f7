import { describe, expect, it } from "vitest";
import { hostFunction, Sandbox, type SandboxOptions, t } from "../src/index.js";
import { errorOf } from "./support/errors.js";
import { needsMachine } from "./support/machine.js";
import { assemble, moduleOf, textOf, utf8 } from "./support/modules.js";

needsMachine();

function seedOf(value: number, calls: number[] = []) {
  return hostFunction({ params: [], result: t.i32 }, () => {
    calls.push(value);
    return value;
  });
}

function create(options: Partial<SandboxOptions> = {}): Promise<Sandbox> {
  return Sandbox.create({ module: moduleOf("init"), host: { seed: seedOf(1) }, ...options });
}

describe("initialisation", () => {
  it("runs once, before the snapshot, with the init data", async () => {
    await using sandbox = await create({ init: utf8("settings") });
    expect(sandbox.call("started")).toBe(1);
    expect(textOf(sandbox.callBytes("given"))).toBe("settings");
    expect(textOf(sandbox.callBytes("given"))).toBe("settings");
  });

  it("without init data gets none", async () => {
    await using sandbox = await create();
    expect(textOf(sandbox.callBytes("given"))).toBe("");
  });

  it("init data that nobody takes is an error, naming the piece", async () => {
    const error = await errorOf(() => Sandbox.create({ module: moduleOf("scalars"), init: utf8("x") }));
    expect(error.code).toBe("E_BAD_MODULE");
    expect(error.message).toContain('"twinwall_init"');
  });
});

describe("snapshots", () => {
  it("are reused by a second sandbox of the same module, with host functions of its own", async () => {
    await using first = await create({ trustDomain: "reuse" });
    await using second = await create({ trustDomain: "reuse", host: { seed: seedOf(2) } });
    expect(first.stats().snapshotReused).toBe(false);
    expect(second.stats()).toMatchObject({ snapshotReused: true, bootUs: 0, compileUs: 0 });
    expect([first.call("ask"), second.call("ask")]).toEqual([1, 2]);
  });

  it("are kept for the next sandbox when the first has closed", async () => {
    const first = await create({ trustDomain: "kept" });
    first.close();
    await using second = await create({ trustDomain: "kept" });
    expect(second.stats().snapshotReused).toBe(true);
    expect(second.call("started")).toBe(1);
  });

  it.each<[string, Partial<SandboxOptions>]>([
    ["init data", { init: utf8("other") }],
    ["a memory limit", { limits: { memory: "8MiB" } }],
    ["a limit on results", { limits: { resultBytes: "2MiB" } }],
    ["files", { files: { "/a": "b" } }],
    ["a trust domain", { trustDomain: "apart" }],
    ["a seed", { seed: new Uint8Array(32) }],
    ["a wish for one of its own", { snapshot: "own" }],
  ])("another one is booted for %s", async (_, options) => {
    await using first = await create({ trustDomain: "distinct" });
    await using second = await create({ trustDomain: "distinct", ...options });
    expect(second.stats().snapshotReused).toBe(false);
    expect([first.call("ask"), second.call("ask")]).toEqual([1, 1]);
  });

  it("limits of calls are each sandbox's own", async () => {
    await using first = await Sandbox.create({ module: moduleOf("scalars"), limits: { deadline: "10s" } });
    await using second = await Sandbox.create({ module: moduleOf("scalars"), limits: { deadline: "50ms" } });
    expect(second.stats().snapshotReused).toBe(true);
    expect((await errorOf(() => second.call("forever"))).message).toContain("50 ms");
    expect(first.call("add", 1, 2)).toBe(3);
  });

  it("of a boot that asked the host are never shared", async () => {
    const calls: number[] = [];
    const module = moduleOf("eager");
    await using first = await Sandbox.create({ module, host: { seed: seedOf(1, calls) } });
    await using second = await Sandbox.create({ module, host: { seed: seedOf(2, calls) } });
    expect([first.call("seen"), second.call("seen")]).toEqual([1, 2]);
    expect(calls).toEqual([1, 2]);
  });

  it("a host function that throws during the boot is E_HOST_FUNCTION with its cause", async () => {
    const reason = new Error("not yet");
    const seed = hostFunction({ params: [], result: t.i32 }, () => {
      throw reason;
    });
    const error = await errorOf(() => Sandbox.create({ module: moduleOf("eager"), host: { seed } }));
    expect(error.code).toBe("E_HOST_FUNCTION");
    expect(error.cause).toBe(reason);
  });
});

describe("random numbers and clocks", () => {
  const random = `(module
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "random") (result i64) (drop (call $random (i32.const 0) (i32.const 8))) (i64.load (i32.const 0)))`;

  it("are fresh in each call", async () => {
    await using sandbox = await Sandbox.create({ module: assemble(`${random})`) });
    const values = Array.from({ length: 8 }, () => sandbox.call("random"));
    expect(new Set(values).size).toBe(8);
  });

  it("are the same with a seed", async () => {
    const seed = new Uint8Array(32).fill(7);
    await using first = await Sandbox.create({ module: assemble(`${random})`), seed });
    await using second = await Sandbox.create({ module: assemble(`${random})`), seed, snapshot: "own" });
    expect(first.call("random")).toBe(second.call("random"));
  });

  it("take the seed as it was given, whatever becomes of its buffer", async () => {
    const module = assemble(`${random})`);
    const seed = Buffer.from("a seed of thirty-two bytes, ASCII");
    const first = Sandbox.create({ module, seed: seed.subarray(0, 32) });
    const copy = Uint8Array.from(seed.subarray(0, 32));
    seed.fill(0);
    await using early = await first;
    await using late = await Sandbox.create({ module, seed: copy, snapshot: "own" });
    expect(early.call("random")).toBe(late.call("random"));
  });
});
