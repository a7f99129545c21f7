import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { dynamicModulePath } from "@twinwall/envoy";
import { connectTcp, envoyProblem, validate, within } from "@twinwall/tool-envoy";
import { hostProblem } from "@twinwall/vmm-kvm";
import { describe, expect, it } from "vitest";
import { inProcessProblem } from "../src/in-process.js";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));

/** Runs the built program. */
function app(words: readonly string[], env: Record<string, string> = {}) {
  return new Promise<{ status: number; stdout: string; stderr: string }>((resolve) => {
    const options = { env: { ...process.env, TWINWALL_MACHINE: "", ...env }, timeout: 60_000 };
    execFile(process.execPath, [MAIN, ...words], options, (error, stdout, stderr) => {
      const code = error?.code;
      resolve({ status: error === null ? 0 : typeof code === "number" ? code : -1, stdout, stderr });
    });
  });
}

const noEnvoy = envoyProblem();
const notInProcess = noEnvoy ?? inProcessProblem();
const noKvm = noEnvoy ?? hostProblem();

/** A line of the table with a figure for each size. */
function line(name: string): RegExp {
  return new RegExp(`^${name}(?: +\\d+){3}$`, "m");
}

function expectEchoes(stdout: string): void {
  for (const kind of ["open", "new"]) {
    expect(stdout).toMatch(line(`${kind} connection, through the guest`));
    expect(stdout).toMatch(line(`${kind} connection, Envoy alone`));
  }
  expect(stdout).toMatch(/^1518 echoes, 2655488 bytes: every byte is what was sent\.$/m);
}

describe("in Envoy's process", () => {
  it("echoes through a guest, fails closed, and shows log and counters", async (context) => {
    context.skip(notInProcess !== undefined, notInProcess);
    const { status, stdout, stderr } = await app(["--in-process"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^A guest function on the connections of Envoy 1\.\S+: in its own process, /);
    expectEchoes(stdout);
    expect(stdout).toMatch(/^The guest of one connection trapped: .* closed by (a reset|its end), 0 bytes /m);
    expect(stdout).toMatch(/^The guest's log begins: .*hello 127\.0\.0\.1:\d+/m);
    // Half of all echoes, and four of 100 bytes around the trap.
    expect(stdout).toMatch(new RegExp(`twinwall_guest_bytes +${2_655_488 / 2 + 400}$`, "m"));
    expect(stdout).toMatch(/twinwall_failures +1$/m);
  });

  it("echoes through native code", async (context) => {
    context.skip(notInProcess !== undefined, notInProcess);
    const { status, stdout, stderr } = await app(["--guest", "native"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expectEchoes(stdout);
    expect(stdout).not.toMatch(/twinwall_failures/);
  });

  it("says why it cannot be", async (context) => {
    context.skip(noEnvoy !== undefined, noEnvoy);
    context.skip(notInProcess === undefined, "it can be here");
    const { status, stdout, stderr } = await app(["--in-process"]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(/^envoy-echo: the guest cannot run in Envoy's process: [^\n]+\n$/);
  });
});

describe("in a service beside Envoy", () => {
  it.for(["kvm", "soft"])("echoes through a guest on %s, and fails closed", async (machine, context) => {
    const problem = machine === "kvm" ? noKvm : noEnvoy;
    context.skip(problem !== undefined, problem);
    const { status, stdout, stderr } = await app(["--ext-proc"], { TWINWALL_MACHINE: machine });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const where = machine === "kvm" ? "in a micro-VM" : "on the soft machine";
    expect(stdout).toContain(`in a service beside it, ${where}`);
    expectEchoes(stdout);
    expect(stdout).toMatch(/^The guest of one connection trapped: .* closed by (a reset|its end), 0 bytes /m);
    expect(stdout).toMatch(/^The guest's log begins: info: connection \d+: hello 127\.0\.0\.1:\d+$/m);
    expect(stdout).toMatch(new RegExp(`twinwall_envoy_guest_bytes_total +${2_655_488 / 2 + 400}$`, "m"));
    expect(stdout).toMatch(/failures_total\{code="E_TRAP"\} +1$/m);
  });
});

describe("the program", () => {
  it("stays when it is asked to, and ends at a signal", async (context) => {
    context.skip(noEnvoy !== undefined, noEnvoy);
    const child = spawn(process.execPath, [MAIN, "--serve"], { stdio: ["ignore", "pipe", "inherit"] });
    try {
      const ended = once(child, "exit");
      const port = await within("a port", 30_000, portOf(child.stdout));
      using client = await connectTcp({ port });
      const answer = await client.exchange(Buffer.from("anybody there?\n"));
      expect(answer.toString()).toBe("anybody there?\n");
      child.kill("SIGTERM");
      expect(await within("the end", 20_000, ended)).toEqual([0, null]);
    } finally {
      child.kill("SIGKILL");
    }
  });

  it.for(["--in-process", "--ext-proc"])(
    "prints a configuration that Envoy takes: %s",
    async (way, context) => {
      const problem = way === "--ext-proc" ? noEnvoy : notInProcess;
      context.skip(problem !== undefined, problem);
      const { status, stdout } = await app(["--config", way, "--port", "10000"]);
      expect(status).toBe(0);
      expect(stdout).toContain("port_value: 10000");
      const modules = way === "--ext-proc" ? "" : dirname(dynamicModulePath());
      expect(await validate(stdout, { env: { ENVOY_DYNAMIC_MODULES_SEARCH_PATH: modules } })).toMatchObject({
        ok: true,
      });
    },
  );

  it("tells a wrong command line in one line", async () => {
    const { status, stdout, stderr } = await app(["--guest", "lua"]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toBe('envoy-echo: --guest: "lua" is neither wasm nor native\n');
  });

  it("says what is missing where there is no Envoy", async () => {
    const { status, stdout, stderr } = await app([], { TWINWALL_ENVOY: "/nowhere/envoy" });
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toBe("envoy-echo: no Envoy at /nowhere/envoy (TWINWALL_ENVOY)\n");
  });
});

/** The port that the program says it listens on. */
async function portOf(stdout: NodeJS.ReadableStream): Promise<number> {
  for await (const line of createInterface(stdout)) {
    const port = /^It listens on 127\.0\.0\.1:(\d+)\./.exec(line)?.[1];
    if (port !== undefined) return Number(port);
  }
  throw new Error("it ended without a port");
}
