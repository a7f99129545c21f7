import { readFileSync } from "node:fs";
import type { MachineName } from "@twinwall/sandbox";
import { hostProblem } from "@twinwall/vmm-kvm";
import { beforeEach, describe, expect, it } from "vitest";
import { openCleanSlate, openSession } from "../src/echo.js";
import { echoFile } from "../src/echo-report.js";
import { PAYLOAD_SIZES, PIECE_BYTES, randomPayload, verify } from "../src/payloads.js";
import { runPrograms } from "../src/programs.js";

const guest = new Uint8Array(readFileSync(new URL("../artifacts/echo.wasm", import.meta.url)));
const machines: readonly MachineName[] = ["kvm", "soft"];

describe.each(machines)("the guest on %s", (machine) => {
  const problem = machine === "kvm" ? hostProblem() : undefined;
  beforeEach((context) => context.skip(problem !== undefined, problem));

  it.each([
    ["in a session", openSession],
    ["from a clean slate", openCleanSlate],
  ])("returns every byte %s", async (_, open) => {
    using echo = await open(guest, machine);
    const output = new Uint8Array(Math.max(...PAYLOAD_SIZES));
    for (const size of [...PAYLOAD_SIZES, 0, 1]) {
      const payload = randomPayload(size);
      verify(payload, output.subarray(0, echo.callInto(payload, output)));
    }
  });

  it.each([0, 1, PIECE_BYTES, 2 * PIECE_BYTES + 5])("echoes a file of %i bytes", async (size) => {
    expect(await echoFile(guest, randomPayload(size), machine)).toBeGreaterThan(0);
  });

  it("runs the programs that are built, each to its end", async (context) => {
    const reports = await runPrograms(machine);
    context.skip(reports.length === 0, "tools/programs has built none of them");
    for (const report of reports) expect(report).toMatch(/^\$ .* \(exit 0, [\d.]+ ms\)\n {2}\S/);
  });
});
