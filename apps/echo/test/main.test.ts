import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hostProblem } from "@twinwall/vmm-kvm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PIECE_BYTES, randomPayload } from "../src/payloads.js";
import { withoutDevice } from "./support/without-device.js";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));

const KVM_LINES = ["kvm   floor", "kvm   native image", "kvm   session call", "kvm   clean slate"];
const SOFT_LINES = ["V8    alone", "soft  session call", "soft  clean slate"];

/** Runs a program; `env` comes on top of this process's environment, without a choice of machine in it. */
function run([program = "", ...words]: readonly string[], env: Record<string, string> = {}) {
  return new Promise<{ status: number; stdout: string; stderr: string }>((resolve) => {
    const options = { env: { ...process.env, TWINWALL_MACHINE: "", ...env } };
    execFile(program, words, options, (error, stdout, stderr) => {
      const code = error?.code;
      resolve({ status: error === null ? 0 : typeof code === "number" ? code : -1, stdout, stderr });
    });
  });
}

/** Runs the built program. */
function echo(words: readonly string[], env?: Record<string, string>) {
  return run([process.execPath, MAIN, ...words], env);
}

/** The names of the table's lines; each must have a figure for every size. */
function tableLines(stdout: string): string[] {
  const lines = stdout.matchAll(/^(\S+ {2,}\S+(?: \S+)?)(?: +[\d.]+ \/ [\d.]+){4} {3}\S/gm);
  return [...lines].map(([, name = ""]) => name);
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

  it.for(["kvm", "auto"])(
    "takes KVM where it is, and shows both machines' prices: %s",
    async (machine, context) => {
      const problem = hostProblem();
      context.skip(problem !== undefined, problem);
      const { status, stdout, stderr } = await echo([file], { TWINWALL_MACHINE: machine });
      expect(stderr).toBe("");
      expect(stdout).toMatch(/^A guest function in a micro-VM, /);
      expect(stdout).toMatch(/128 B .*512 B .*1 KiB .*4 KiB/);
      expect(tableLines(stdout)).toEqual([...KVM_LINES, ...SOFT_LINES]);
      expect(stdout).toMatch(/^data\.bin: 1048583 bytes there and back in [\d.]+ ms on kvm, all equal\.$/m);
      expect(status).toBe(0);
    },
  );

  it("runs on the soft machine where that is asked for", async () => {
    const { status, stdout, stderr } = await echo([file], { TWINWALL_MACHINE: "soft" });
    expect(stderr).toBe("");
    expect(stdout).toMatch(
      /^A guest function on the soft machine, .*\nMachine: soft, as TWINWALL_MACHINE says/,
    );
    expect(tableLines(stdout)).toEqual(SOFT_LINES);
    expect(stdout).toMatch(/^data\.bin: 1048583 bytes there and back in [\d.]+ ms on soft, all equal\.$/m);
    expect(status).toBe(0);
  });

  it("says why there is no KVM, and runs on the soft machine", async (context) => {
    const { prefix, problem } = withoutDevice();
    context.skip(problem !== undefined, problem);
    const { status, stdout, stderr } = await run([...prefix, process.execPath, MAIN, file]);
    expect(stderr).toBe("");
    expect(stdout).toMatch(
      /^A guest function on the soft machine, .*\nMachine: soft, as there is no kvm: \/dev\/kvm does not exist: .+\.\n\n/,
    );
    expect(tableLines(stdout)).toEqual(SOFT_LINES);
    expect(stdout).toMatch(/^data\.bin: 1048583 bytes there and back in [\d.]+ ms on soft, all equal\.$/m);
    expect(status).toBe(0);
  });

  it("does not take another machine than the one that was asked for", async (context) => {
    const { prefix, problem } = withoutDevice();
    context.skip(problem !== undefined, problem);
    const { status, stdout, stderr } = await run([...prefix, process.execPath, MAIN, file], {
      TWINWALL_MACHINE: "kvm",
    });
    expect(stderr).toMatch(/^echo: E_NO_MACHINE: \/dev\/kvm does not exist: [^\n]+\n$/);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  });

  it("names a machine that there is not", async () => {
    const { status, stdout, stderr } = await echo([file], { TWINWALL_MACHINE: "xen" });
    expect(stderr).toMatch(/^echo: E_OPTION: TWINWALL_MACHINE: "xen" is no machine; [^\n]+\n$/);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  });

  it("ends quietly when its reader has seen enough", async () => {
    const head = 'exec 3>&1; { "$@"; echo "status $?" >&3; } | head -n 1';
    const { stdout, stderr } = await run(["sh", "-c", head, "sh", process.execPath, MAIN, file], {
      TWINWALL_MACHINE: "soft",
    });
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^A guest function on the soft machine, .*\nstatus 0\n$/);
  });

  it("names a file that is not there", async () => {
    const { status, stdout, stderr } = await echo([join(directory, "none")]);
    expect(stderr).toMatch(/^echo: ENOENT: [^\n]*none'?\n$/);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  });
});
