import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { errorNumbers } from "@twinwall/abi";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { hostProblem } from "../src/host.js";
import { Guest, guestImage } from "./support/guest.js";

const noKvm = hostProblem();
const directory = mkdtempSync(join(tmpdir(), "twinwall-"));
const image = join(directory, "guest.elf");
writeFileSync(image, guestImage());
afterAll(() => rmSync(directory, { recursive: true }));

beforeEach((context) => context.skip(noKvm !== undefined, noKvm));

interface Ending {
  readonly code: number | string;
  readonly signal: string | null;
  readonly output: string;
}

/** Runs a program of `support` to its end, of its own or, after a minute, by force. */
function run(name: string, what: string, ...flags: string[]): Promise<Ending> {
  const program = fileURLToPath(new URL(`support/${name}`, import.meta.url));
  const words = [...flags, program, what, image, JSON.stringify(Guest)];
  return new Promise((resolve) => {
    execFile(process.execPath, words, { timeout: 60_000, killSignal: "SIGKILL" }, (error, output, errors) => {
      const { code = 1, signal = null } = error ?? { code: 0 };
      resolve({ code: code ?? 1, signal: signal ?? null, output: output + (error === null ? "" : errors) });
    });
  });
}

describe("a process", () => {
  it("lives until the reply, and not longer", async () => {
    const { E_DEADLINE } = errorNumbers;
    expect(await run("program.mjs", "reply")).toEqual({
      code: 0,
      signal: null,
      output: `status ${-E_DEADLINE}\n`,
    });
  });

  it("lives until a call that waits for ever is closed", async () => {
    const { E_DISPOSED } = errorNumbers;
    expect(await run("program.mjs", "close")).toEqual({
      code: 0,
      signal: null,
      output: `status ${-E_DISPOSED}\n`,
    });
  });

  it("may exit while calls run", async () => {
    expect(await run("program.mjs", "exit")).toMatchObject({ code: 3, signal: null });
  });

  it("keeps no machine that nobody holds, closed or not, whatever its handlers reach", async () => {
    const { code, output } = await run("program.mjs", "collect", "--expose-gc");
    expect([code, output]).toEqual([0, "0 left\n"]);
  });

  it("may fail while calls run", async () => {
    const { code, signal, output } = await run("program.mjs", "throw");
    expect([code, signal]).toEqual([1, null]);
    expect(output).toContain("nobody catches this");
  });
});

describe("a Worker", () => {
  it("takes its calls along, however it ends", async () => {
    const { code, signal, output } = await run("workers.mjs", "24");
    expect([code, signal], output).toEqual([0, null]);
    expect(JSON.parse(output)).toEqual({
      endings: { "terminate 1": 6, "exit 3": 6, "throw 1": 6, "reply 0": 6 },
      leftovers: [],
    });
  });
});
