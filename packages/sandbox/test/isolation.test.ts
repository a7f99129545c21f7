import { testDirtyLog } from "@twinwall/vmm-kvm";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hostFunction, Sandbox, type SandboxOptions, type TwinwallError, t } from "../src/index.js";
import { inTime } from "./support/deadlines.js";
import { errorOf } from "./support/errors.js";
import { hostWith, sandboxWith } from "./support/host.js";
import { machine, needsMachine } from "./support/machine.js";
import { assemble, moduleOf, textOf, utf8 } from "./support/modules.js";
import { stateful } from "./support/snapshots.js";
import { eventually, killHard, statusOf, untilBusy, workersOf } from "./support/workers.js";

needsMachine();

/** Snapshots of their own: what these tests count is theirs. */
const walled = { isolation: "process", trustDomain: "isolation", recycle: false } as const;

function scalars(options: Partial<SandboxOptions> = {}): Promise<Sandbox> {
  return Sandbox.create({ module: moduleOf("scalars"), ...walled, ...options });
}

/** The worker process of a sandbox that `make` makes. */
async function withWorker(make: () => Promise<Sandbox>): Promise<{ sandbox: Sandbox; worker: number }> {
  const before = new Set(workersOf());
  const sandbox = await make();
  const found: number[] = [];
  // The one that booted is on its way.
  await eventually(() => {
    found.splice(0, found.length, ...workersOf().filter((worker) => !before.has(worker)));
    return found.length === 1;
  });
  return { sandbox, worker: found[0] ?? 0 };
}

function onKvmOnly(): void {
  beforeEach((context) => {
    context.skip(machine === "soft", "there is no process wall on the soft machine");
  });
}

describe("isolation", () => {
  const before = process.env["TWINWALL_ISOLATION"];
  afterEach(() => {
    if (before === undefined) delete process.env["TWINWALL_ISOLATION"];
    else process.env["TWINWALL_ISOLATION"] = before;
  });

  it("is an option of two values, and none unless said otherwise", async () => {
    delete process.env["TWINWALL_ISOLATION"];
    await using sandbox = await Sandbox.create({ module: moduleOf("scalars") });
    expect(sandbox.stats().isolation).toBe("none");
    const error = await errorOf(() => scalars({ isolation: "vm" as never }));
    expect(error.message).toBe('E_OPTION: isolation: "vm" is no isolation; there are none, process');
    process.env["TWINWALL_ISOLATION"] = "jail";
    const other = await errorOf(() => Sandbox.create({ module: moduleOf("scalars") }));
    expect(other.message).toContain('E_OPTION: TWINWALL_ISOLATION: "jail" is no isolation');
  });

  it("is never had weaker than it was asked for", async () => {
    const error = await errorOf(() => scalars({ machine: "soft" }));
    expect(error.message).toBe(
      'E_OPTION: isolation: "process", as option isolation says, is for machine kvm; machine soft, as option machine says, ' +
        'has "none"',
    );
    process.env["TWINWALL_ISOLATION"] = "process";
    const other = await errorOf(() => Sandbox.create({ module: moduleOf("scalars"), machine: "soft" }));
    expect(other.code).toBe("E_OPTION");
    await using sandbox = await Sandbox.create({
      module: moduleOf("scalars"),
      machine: "soft",
      isolation: "none",
    });
    expect(sandbox.stats().isolation).toBe("none");
  });

  it("is taken from the environment where the option is left out", async (context) => {
    context.skip(machine === "soft", "there is no process wall on the soft machine");
    process.env["TWINWALL_ISOLATION"] = "process";
    await using sandbox = await Sandbox.create({ module: moduleOf("scalars"), trustDomain: "isolation" });
    expect(sandbox.stats().isolation).toBe("process");
    expect(sandbox.machineReason).toContain("in worker processes, as TWINWALL_ISOLATION says");
  });
});

describe("a sandbox behind the process wall", () => {
  onKvmOnly();

  it("has a worker process, which has no rights while its guest runs", async () => {
    const seen: (string | undefined)[][] = [];
    const look = (): void => {
      const names = ["Seccomp", "NoNewPrivs", "CapEff"];
      for (const worker of workersOf()) seen.push(names.map((name) => statusOf(worker, name)));
    };
    const { sandbox, worker } = await withWorker(() =>
      sandboxWith({ notify: hostFunction({ params: [t.u32] }, look) }, walled),
    );
    expect(worker).toBeGreaterThan(0);
    expect(sandbox.stats().isolation).toBe("process");
    expect(sandbox.call("notify", 7)).toBe(7);
    expect(await sandbox.callAsync("notify", [8])).toBe(8);
    expect(seen.length).toBeGreaterThanOrEqual(2);
    for (const status of seen) expect(status).toEqual(["2", "1", "0000000000000000"]);
    sandbox.close();
    await eventually(() => !workersOf().includes(worker));
  });

  it("gives what it gives without, with host functions of both kinds", async () => {
    const outputs: unknown[] = [];
    for (const isolation of ["none", "process"] as const) {
      const logged: string[] = [];
      const log = hostFunction({ params: [t.bytes], deferred: true }, (bytes) => {
        logged.push(textOf(bytes));
      });
      const upper = hostFunction({ params: [t.bytes], result: t.bytes }, async (bytes) => {
        await Promise.resolve();
        return utf8(textOf(bytes).toUpperCase());
      });
      await using sandbox = await sandboxWith({ log }, { ...walled, isolation });
      await using later = await sandboxWith({ log, upper }, { ...walled, isolation });
      outputs.push([
        textOf(sandbox.callBytes("twice", utf8("both"))),
        textOf(await later.callAsync("twice", utf8("later"))),
        sandbox.call("now"),
        sandbox.call("mix", 1, 2n, 0.5, 0.25),
        sandbox.callBytes("log", utf8("line")).length,
        (await later.callAsync("log", utf8("other"))).length,
        logged,
        sandbox.callMany("upper", [utf8("a"), utf8("b")]).map(textOf),
        [sandbox.stats().hostCalls, sandbox.stats().exits],
      ]);
    }
    expect(outputs[1]).toEqual(outputs[0]);
  });

  it("keeps snapshots and machines of its own, and states are exchanged", async () => {
    const shared = { trustDomain: "isolation-shared" };
    await using plain = await Sandbox.create({ module: moduleOf("scalars"), isolation: "none", ...shared });
    await using behind = await Sandbox.create({
      module: moduleOf("scalars"),
      isolation: "process",
      ...shared,
    });
    expect(behind.stats().snapshotReused).toBe(false);
    const session = behind.session();
    expect([session.call("count"), session.call("count")]).toEqual([1, 2]);
    const fromBehind = await session.snapshot();
    session.finish();
    const fromPlain = await plain.snapshot();
    for (const isolation of ["none", "process"] as const) {
      await using warm = await Sandbox.from(fromBehind, { isolation });
      expect([warm.stats().isolation, warm.call("count"), warm.call("count")]).toEqual([isolation, 3, 3]);
      await using cold = await Sandbox.from(fromPlain, { isolation });
      expect([cold.call("count"), await cold.callAsync("count", [])]).toEqual([1, 1]);
    }
  });

  it("draws the same random numbers from a fixed seed as without, and others without one", async () => {
    const fixed = new Uint8Array(32).fill(7);
    const host = { seed: hostFunction({ params: [], result: t.i32 }, () => 1) };
    const drawn: unknown[] = [];
    for (const isolation of ["none", "process"] as const) {
      await using sandbox = await Sandbox.create({
        ...{ module: stateful, host, init: utf8("x") },
        ...{ ...walled, isolation, seed: fixed },
      });
      drawn.push(sandbox.call("random"), await sandbox.callAsync("random", []));
    }
    expect(new Set(drawn).size).toBe(1);
    await using sandbox = await Sandbox.create({ module: stateful, host, init: utf8("x"), ...walled });
    expect(new Set([sandbox.call("random"), sandbox.call("random"), drawn[0]]).size).toBe(3);
  });

  it("is restored by KVM's log of written pages where that is used", async () => {
    let used = true;
    try {
      testDirtyLog();
    } catch {
      used = false;
    }
    const module = assemble(`(module (memory (export "memory") 64)
      (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
      (func (export "load") (param i32) (result i32) (i32.load (local.get 0))))`);
    await using sandbox = await Sandbox.create({ module, ...walled });
    const strategies = new Set<string>();
    for (let page = 0; page < 40; page += 1) {
      sandbox.call("store", page * 4096, page + 1);
      strategies.add(sandbox.stats().restoreStrategy);
      expect(sandbox.call("load", page * 4096)).toBe(0);
    }
    expect(strategies.has("dirty-log")).toBe(used);
  });

  it("ends calls in time, by every limit", async () => {
    const codes: [string, string][] = [];
    const attempt = async (
      name: string,
      options: Partial<SandboxOptions>,
      run: (one: Sandbox) => unknown,
    ) => {
      await using sandbox = await scalars(options);
      const error: TwinwallError = await errorOf(() => run(sandbox));
      codes.push([name, error.code]);
      expect(await inTime(30, () => sandbox.call("count")), name).toBe(1);
    };
    const begun = performance.now();
    await attempt("deadline", { limits: { deadline: "30ms" } }, (one) => one.call("forever"));
    await attempt("async deadline", { limits: { deadline: "30ms" } }, (one) => one.callAsync("forever", []));
    await attempt("processor time", { limits: { cpuTime: "30ms" } }, (one) => one.call("forever"));
    await attempt("fuel", { limits: { fuel: 1_000_000n } }, (one) => one.call("forever"));
    await attempt("abort", { limits: { deadline: "60s" } }, (one) =>
      one.callAsync("forever", [], { signal: AbortSignal.timeout(30) }),
    );
    await attempt("trap", {}, (one) => one.call("unreachable"));
    expect(performance.now() - begun).toBeLessThan(30_000);
    expect(codes).toEqual([
      ["deadline", "E_DEADLINE"],
      ["async deadline", "E_DEADLINE"],
      ["processor time", "E_DEADLINE"],
      ["fuel", "E_FUEL"],
      ["abort", "E_ABORTED"],
      ["trap", "E_TRAP"],
    ]);
  });

  it("uses other sandboxes in its host functions", async () => {
    await using inner = await scalars();
    const now = hostFunction({ params: [], result: t.u64 }, () => BigInt(inner.call("count") as number));
    await using outer = await Sandbox.create({
      module: moduleOf("host"),
      host: hostWith({ now }),
      ...walled,
    });
    expect([outer.call("now"), outer.call("now")]).toEqual([1n, 1n]);
    expect(await outer.callAsync("now", [])).toBe(1n);
  });
});

describe("a worker process that is killed", () => {
  onKvmOnly();

  it("fails the call under way, and the next one works", async () => {
    const { sandbox, worker } = await withWorker(() => scalars({ limits: { deadline: "60s" } }));
    const call = errorOf(() => sandbox.callAsync("forever", []));
    // A worker that died before that would be replaced.
    await untilBusy(worker);
    await killHard(worker);
    const error = await call;
    expect(error.code).toBe("E_INTERNAL");
    expect(error.message).toContain("worker process was ended by signal 9");
    expect(sandbox.call("count")).toBe(1);
    expect(workersOf()).not.toContain(worker);
    sandbox.close();
  });

  it("fails a synchronous call whose host function killed it", async () => {
    let victim = 0;
    const notify = hostFunction({ params: [t.u32] }, () => {
      if (victim !== 0) process.kill(victim, "SIGKILL");
      victim = 0;
    });
    const { sandbox, worker } = await withWorker(() => sandboxWith({ notify }, walled));
    victim = worker;
    expect((await errorOf(() => sandbox.call("notify", 1))).code).toBe("E_INTERNAL");
    expect(sandbox.call("notify", 2)).toBe(2);
    sandbox.close();
  });

  it("ends the session that it kept, and no other", async () => {
    const { sandbox, worker } = await withWorker(() => scalars());
    await using other = await scalars();
    const session = sandbox.session();
    const otherSession = other.session();
    expect([session.call("count"), otherSession.call("count")]).toEqual([1, 1]);
    await killHard(worker);
    expect((await errorOf(() => session.call("count"))).code).toBe("E_INTERNAL");
    expect((await errorOf(() => session.call("count"))).code).toBe("E_DISPOSED");
    expect(otherSession.call("count")).toBe(2);
    expect(sandbox.call("count")).toBe(1);
    sandbox.close();
  });

  it("is replaced unnoticed where it kept nothing", async () => {
    const { sandbox, worker } = await withWorker(() => scalars());
    await killHard(worker);
    expect(sandbox.call("count")).toBe(1);
    sandbox.close();
  });
});
