import { readFileSync } from "node:fs";
import { compileSample } from "@twinwall/programs";
import { hostProblem } from "@twinwall/vmm-kvm";
import { describe, expect, it } from "vitest";
import type { Bench } from "../src/bench.js";
import { readKernel } from "../src/kernels.js";
import { measureCalls } from "../src/measurements/calls.js";
import { measureCompile } from "../src/measurements/compile.js";
import { measureCreation } from "../src/measurements/creation.js";

const bench = (): Bench => ({
  effort: { rounds: 2, perRound: 3 },
  echoModule: new Uint8Array(
    readFileSync(new URL("../../../apps/echo/artifacts/echo.wasm", import.meta.url)),
  ),
  medians: new Map(),
  progress: () => undefined,
});

const reason = hostProblem();

describe.skipIf(reason)(`measurements on a real machine${reason ? ` (skipped: ${reason})` : ""}`, () => {
  it("measures calls and batches, and counts exits", async () => {
    const rows = await measureCalls(bench());
    expect(rows.map(({ id }) => id)).toEqual([
      "session-call",
      "exits",
      "clean-slate",
      "writable",
      "batch-item",
      "native-echo",
    ]);
    const session = rows.find(({ id }) => id === "session-call");
    expect(session).toMatchObject({ samples: 6 });
    expect(session?.floor).toBeGreaterThan(0);
    expect(rows.find(({ id }) => id === "exits")).toMatchObject({ value: 1, verdict: { kind: "met" } });
  });

  it("measures further sandboxes, and compares recycled ones with a clean-slate call", async () => {
    const shared = bench();
    const without = await measureCreation(shared);
    expect(without.find(({ id }) => id === "recycled-sandbox")?.verdict.kind).toBe("not measured");
    shared.medians.set("clean slate", 1e9);
    const rows = await measureCreation(shared);
    expect(rows.map(({ id }) => id)).toEqual(["second-sandbox", "recycled-sandbox", "idle-memory"]);
    expect(rows[1]).toMatchObject({ floor: 1e9, verdict: { kind: "met" } });
  });
});

const sample = readKernel(compileSample());

describe.skipIf(sample === undefined)("compiling (skipped where tools/programs is not built)", () => {
  it("measures a warm compiler", async () => {
    const row = await measureCompile(bench(), sample ?? new Uint8Array());
    expect(row).toMatchObject({ id: "compile", samples: 5 });
  });
});
