import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { beforeEach, describe, expect, it } from "vitest";
import { Sandbox, type SandboxOptions } from "../src/index.js";
import { errorOf } from "./support/errors.js";
import { machine, needsMachine } from "./support/machine.js";
import { moduleOf } from "./support/modules.js";
import { live, open, until } from "./support/pools.js";
import { childrenOf, eventually, killHard, workersOf } from "./support/workers.js";

needsMachine();

beforeEach((context) => {
  context.skip(machine === "soft", "there is no process wall on the soft machine");
});

/** What users import: other processes and Workers cannot load the sources. */
const built = fileURLToPath(new URL("../dist/index.js", import.meta.url));
const walled = { isolation: "process", recycle: false } as const;
const run = promisify(execFile);

function scalars(options: Partial<SandboxOptions> = {}): Promise<Sandbox> {
  return Sandbox.create({ module: moduleOf("scalars"), trustDomain: "processes", ...walled, ...options });
}

/** Descriptors of this process. */
function descriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

describe("worker processes", () => {
  it("leave no zombie and no descriptor behind, over 200 sandboxes and kills", async () => {
    // What the process keeps from its first sandbox on.
    (await scalars()).close();
    await eventually(() => workersOf().length === 0);
    const before = descriptors();
    for (let round = 0; round < 200; round += 1) {
      const sandbox = await scalars();
      expect(sandbox.call("add", round, 1)).toBe(round + 1);
      if (round % 10 === 0) {
        const [worker = 0] = workersOf().slice(-1);
        await killHard(worker);
        expect(sandbox.call("count")).toBe(1);
      }
      if (round % 25 === 0) {
        const abort = new AbortController();
        const call = errorOf(() => sandbox.callAsync("forever", [], { signal: abort.signal }));
        abort.abort();
        expect((await call).code).toBe("E_ABORTED");
      }
      sandbox.close();
    }
    await eventually(() => childrenOf(process.pid).every((child) => child.state !== "Z"));
    await eventually(() => workersOf().length === 0);
    await eventually(() => descriptors() <= before + 2);
  });

  it("do not disturb the children of Node", async () => {
    await using sandbox = await scalars({ limits: { deadline: "20ms" } });
    const children = Array.from({ length: 5 }, (_, index) =>
      run(process.execPath, ["-e", `setTimeout(() => process.exit(${index}), 50)`]).then(
        () => 0,
        (error: { code: number }) => error.code,
      ),
    );
    for (let round = 0; round < 5; round += 1) {
      expect((await errorOf(() => sandbox.callAsync("forever", []))).code).toBe("E_DEADLINE");
    }
    expect(await Promise.all(children)).toEqual([0, 1, 2, 3, 4]);
  });

  it("end with the call of a sandbox that is closed meanwhile", async () => {
    const sandbox = await scalars({ limits: { deadline: "60s" } });
    const call = errorOf(() => sandbox.callAsync("forever", []));
    sandbox.close();
    expect((await call).code).toBe("E_DISPOSED");
    await eventually(() => workersOf().length === 0);
  });

  it("are as many as a pool has machines, and none when it is closed", async () => {
    const options = { ...walled, trustDomain: "processes", limits: { deadline: "500ms" } } as const;
    const pool = await open({ min: 2, max: 4 }, options);
    await eventually(() => workersOf().length === 2);
    const calls = Array.from({ length: 24 }, (_, index) =>
      pool.callAsync(index % 7 === 0 ? "unreachable" : "count", []).catch(() => 1),
    );
    expect(new Set(await Promise.all(calls))).toEqual(new Set([1]));
    expect(live(pool)).toBeLessThanOrEqual(4);
    expect((await errorOf(() => pool.callAsync("forever", []))).code).toBe("E_DEADLINE");
    await until(() => pool.stats().machines.restoring === 0);
    expect(await pool.callAsync("count", [])).toBe(1);
    pool.close();
    await eventually(() => workersOf().length === 0);
  });

  it("serve Workers, and end with them", async (context) => {
    context.skip(!existsSync(built), "the package is not built: `pnpm build`");
    const program = `
      const { parentPort, workerData } = require("node:worker_threads");
      import(workerData.built).then(async ({ Sandbox }) => {
        const { module } = workerData;
        const options = { module, machine: "kvm", isolation: "process", recycle: false, limits: { deadline: "none" } };
        const sandbox = await Sandbox.create(options);
        parentPort.postMessage([sandbox.stats().isolation, sandbox.call("count"), await sandbox.callAsync("count", [])]);
        await sandbox.callAsync("forever", []);
      });`;
    const module = moduleOf("scalars");
    const workers = [1, 2].map(() => new Worker(program, { eval: true, workerData: { built, module } }));
    const answers = await Promise.all(workers.map(async (worker) => (await once(worker, "message"))[0]));
    expect(answers).toEqual([
      ["process", 1, 1],
      ["process", 1, 1],
    ]);
    expect(workersOf().length).toBeGreaterThanOrEqual(2);
    await Promise.all(workers.map((worker) => worker.terminate()));
    await eventually(() => workersOf().length === 0);
  });

  it("end with their parent, whatever they do", async (context) => {
    context.skip(!existsSync(built), "the package is not built: `pnpm build`");
    const program = `
      import { Sandbox } from ${JSON.stringify(built)};
      const module = Buffer.from(process.argv[1], "base64");
      const options = { module, machine: "kvm", isolation: "process", limits: { deadline: "none" } };
      const sandbox = await Sandbox.create(options);
      sandbox.callAsync("forever", []);
      setTimeout(() => console.log("loops"), 50);`;
    const module = Buffer.from(moduleOf("scalars")).toString("base64");
    const child = spawn(process.execPath, ["--input-type=module", "-e", program, module]);
    await once(child.stdout, "data");
    const workers = workersOf(child.pid);
    expect(workers.length).toBeGreaterThanOrEqual(1);
    child.kill("SIGKILL");
    await once(child, "exit");
    await eventually(() => workers.every((worker) => !existsSync(`/proc/${worker}/stat`)));
  });

  it("are refused where there is no KVM: the soft machine is not taken in their place", async (context) => {
    context.skip(!existsSync(built), "the package is not built: `pnpm build`");
    const open = (statSync("/dev/kvm").mode & 0o006) !== 0;
    context.skip(open || process.getuid?.() !== 0, "takes root, and a /dev/kvm that others may not open");
    const program = `
      import { Sandbox } from ${JSON.stringify(built)};
      const module = Buffer.from(process.argv[1], "base64");
      const soft = await Sandbox.create({ module, machine: "auto" });
      console.log(soft.machine);
      await Sandbox.create({ module, machine: "auto", isolation: "process" }).catch((error) => console.log(error.message));`;
    const module = Buffer.from(moduleOf("scalars")).toString("base64");
    const cache = mkdtempSync(join(tmpdir(), "twinwall-isolation-"));
    chownSync(cache, 65_534, 65_534);
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", program, module], {
      uid: 65_534,
      gid: 65_534,
      cwd: "/",
      env: { TWINWALL_CACHE_DIR: cache },
    });
    rmSync(cache, { recursive: true });
    expect(stdout).toMatch(
      /^soft\nE_NO_MACHINE: isolation "process" needs machine kvm: \/dev\/kvm may not be opened/,
    );
  });
});
