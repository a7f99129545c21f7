import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hostProblem } from "@twinwall/vmm-kvm";
import { describe, expect, it } from "vitest";
import type { Row } from "../../src/row.js";
import { holdingsProblem } from "../../src/soak/holdings.js";
import { KINDS } from "../../src/soak/kinds.js";

const program = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

/** Small numbers: a long soak is a command of its own. */
const scale = process.env["TWINWALL_SOAK"] === "1" ? 100 : 1;
const [calls, creations, live] = [1000 * scale, 40 * scale, Math.min(40 * scale, 1000)];
const patienceMs = 300_000 * scale;

interface Record {
  readonly results: readonly {
    readonly rows: readonly Row[];
    readonly calls: { readonly [kind: string]: number };
  }[];
}

/** Runs the command in a process of its own, which no test runner has filled with memory and threads. */
function soak(words: readonly string[]): Promise<{ status: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [program, "soak", ...words],
      { timeout: patienceMs },
      (_, out, err) => resolve({ status: child.exitCode, output: out + err }),
    );
  });
}

const built = existsSync(program) ? undefined : "tools/bench is not built";

describe.each(["kvm", "soft"] as const)("a short soak on %s", (machine) => {
  it(
    "makes all kinds of calls and stays flat",
    async (context) => {
      const problem = built ?? holdingsProblem() ?? (machine === "kvm" ? hostProblem() : undefined);
      context.skip(problem !== undefined, problem);
      const folder = mkdtempSync(join(tmpdir(), "twinwall-soak-"));
      try {
        const file = join(folder, "soak.json");
        const numbers = { calls, creations, live };
        const words = Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, String(value)]);
        const { status, output } = await soak([...words, "--machine", machine, "--json", file]);
        expect(status, output).toBe(0);
        const { results } = JSON.parse(readFileSync(file, "utf8")) as Record;
        expect(results).toHaveLength(1);
        const made = results[0]?.calls ?? {};
        expect(Object.keys(made).sort()).toEqual(KINDS.map(({ name }) => name).sort());
        const all = Object.values(made).reduce((sum, count) => sum + count, 0);
        expect(all).toBeGreaterThanOrEqual(calls);
        const verdicts = results[0]?.rows.map(({ verdict }) => verdict.kind) ?? [];
        // Five of the crowd, and four of each phase.
        expect(verdicts).toHaveLength(5 + 3 * 4);
        expect(new Set(verdicts)).toEqual(new Set(["met", "stated"]));
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    patienceMs,
  );
});

describe("the command line of the soak", () => {
  it("is refused with one line and status 2", async (context) => {
    context.skip(built !== undefined, built);
    const { status, output } = await soak(["--calls", "many"]);
    expect(status).toBe(2);
    expect(output).toBe('bench soak: --calls: "many" is no whole number from 1000 on\n');
  });
});
