import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hostProblem } from "@twinwall/vmm-kvm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PIECE_BYTES, randomPayload } from "../src/payloads.js";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));

/** Runs the built program. */
function echo(words: string[], env: Record<string, string> = {}) {
  return new Promise<{ status: number; stdout: string; stderr: string }>((resolve) => {
    const options = { env: { ...process.env, ...env } };
    execFile(process.execPath, [MAIN, ...words], options, (error, stdout, stderr) => {
      const code = error?.code;
      resolve({ status: error === null ? 0 : typeof code === "number" ? code : -1, stdout, stderr });
    });
  });
}

describe("the program", () => {
  let directory: string;
  let file: string;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "twinwall-echo-"));
    file = join(directory, "data.bin");
    writeFileSync(file, randomPayload(PIECE_BYTES + 7));
  });

  afterAll(() => rmSync(directory, { recursive: true }));

  const reason = hostProblem();
  it.skipIf(reason)(`shows latencies and echoes a file${reason ? ` (skipped: ${reason})` : ""}`, async () => {
    const { status, stdout, stderr } = await echo([file], { TWINWALL_MACHINE: "kvm" });
    expect(stderr).toBe("");
    expect(stdout).toMatch(/128 B .*512 B .*1 KiB .*4 KiB/);
    for (const line of ["floor", "native image", "session call", "clean slate"]) {
      expect(stdout).toMatch(new RegExp(`^${line}( +[\\d.]+ / [\\d.]+){4} `, "m"));
    }
    expect(stdout).toMatch(/^data\.bin: 1048583 bytes there and back in [\d.]+ ms, all equal\.$/m);
    expect(status).toBe(0);
  });

  it("says clearly when there is no micro-VM, and echoes all the same", async () => {
    const { status, stdout } = await echo([file], { TWINWALL_MACHINE: "soft" });
    expect(stdout).toMatch(/^NOTICE: there is no micro-VM here/);
    expect(stdout).toMatch(/data\.bin \(1048583 bytes\) came back unchanged/);
    expect(status).toBe(0);
  });

  it("names a file that is not there", async () => {
    const { status, stdout, stderr } = await echo([join(directory, "none")]);
    expect(stderr).toMatch(/^echo: ENOENT: [^\n]*none'?\n$/);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  });
});
