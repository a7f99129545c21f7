import { readdirSync, readFileSync } from "node:fs";
import { hostProblem } from "@twinwall/vmm-kvm";
import { describe, expect, it } from "vitest";
import { placeApart, processorsOf } from "../src/affinity.js";
import type { Bench } from "../src/bench.js";
import { measureDeadlines } from "../src/measurements/deadlines.js";
import { measureThreads } from "../src/measurements/threads.js";
import { WakeUp } from "../src/wake-up.js";

const bench: Bench = {
  effort: { rounds: 2, perRound: 3 },
  echoModule: new Uint8Array(
    readFileSync(new URL("../../../apps/echo/artifacts/echo.wasm", import.meta.url)),
  ),
  medians: new Map(),
  progress: () => undefined,
};

describe.each(["kvm", "soft"] as const)("calls on threads of %s", (machine) => {
  const prefix = machine === "soft" ? "soft-" : "";

  it("are measured beside a bare wake-up, and beside a loop that nothing delays", async (context) => {
    context.skip(machine === "kvm" && hostProblem() !== undefined, hostProblem());
    const rows = await measureThreads(bench, machine);
    expect(rows.map(({ id }) => id)).toEqual([`${prefix}async-overhead`, `${prefix}loop-delay`]);
    expect(rows[0]).toMatchObject({ samples: 6 });
    expect(rows[0]?.floor).toBeGreaterThan(0);
    expect(rows[1]?.samples).toBeGreaterThan(0);
  });

  it("end at their deadlines, which are measured", async (context) => {
    context.skip(machine === "kvm" && hostProblem() !== undefined, hostProblem());
    const rows = await measureDeadlines(bench, machine);
    expect(rows.map(({ id }) => id)).toEqual([`${prefix}deadline-inline`, `${prefix}deadline-async`]);
    for (const { samples } of rows) expect(samples).toBe(2);
    // Never early. On the soft machine a deadline begins some time before the guest's first host call.
    if (machine === "kvm") for (const { value } of rows) expect(value).toBeGreaterThan(0);
  });
});

it("are not measured where their machine is not, with the reason", async () => {
  const rows = [
    ...(await measureThreads(bench, "kvm", "no /dev/kvm")),
    ...(await measureDeadlines(bench, "kvm", "no /dev/kvm")),
  ];
  expect(rows).toHaveLength(4);
  for (const { verdict } of rows) expect(verdict).toEqual({ kind: "not measured", reason: "no /dev/kvm" });
});

describe("WakeUp", () => {
  it("goes there and back, however often, and stays there as long as asked", async () => {
    using wakeUp = await WakeUp.start();
    for (let trip = 0; trip < 200; trip += 1) await wakeUp.roundTrip();
    const start = performance.now();
    await wakeUp.roundTrip(5e6);
    expect(performance.now() - start).toBeGreaterThanOrEqual(5);
  });
});

describe("placeApart", () => {
  const allowed = (thread: string): string | undefined =>
    readFileSync(`/proc/self/task/${thread}/status`, "utf8").match(/^Cpus_allowed_list:\s+(\S+)$/m)?.[1];
  const allowedOfAll = (): (string | undefined)[] => readdirSync("/proc/self/task").map(allowed);

  it("has this thread alone on its processor, and puts all back", async (context) => {
    using _ = await WakeUp.start();
    const before = allowed(String(process.pid));
    {
      using apart = placeApart();
      context.skip(apart.problem !== undefined, apart.problem);
      const [own, ...others] = [...new Set(allowedOfAll())];
      expect(others).toHaveLength(1);
      for (const processor of [own, ...others]) expect(processor).toMatch(/^\d+$/);
    }
    expect([...new Set(allowedOfAll())]).toEqual([before]);
  });

  it("reads lists of processors", () => {
    expect(processorsOf("0-2,7")).toEqual([0, 1, 2, 7]);
    expect(processorsOf("3")).toEqual([3]);
    expect(processorsOf("")).toEqual([]);
  });
});
