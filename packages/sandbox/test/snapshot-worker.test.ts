import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { hostFunction, Sandbox, t } from "../src/index.js";
import { machine, needsMachine } from "./support/machine.js";
import { utf8 } from "./support/modules.js";
import { bytesOf, stateful } from "./support/snapshots.js";

needsMachine();

/** What users import: a Worker cannot load the sources. */
const built = fileURLToPath(new URL("../dist/index.js", import.meta.url));

/** Loads the snapshot that it is sent, and tells what the guest says. */
const program = `
  const { parentPort, workerData } = require("node:worker_threads");
  parentPort.once("message", async (bytes) => {
    const { Sandbox, hostFunction, t } = await import(workerData.built);
    const seed = hostFunction({ params: [], result: t.i32 }, () => workerData.value);
    const sandbox = await Sandbox.from(bytes, { host: { seed } });
    const { bootUs, compileUs } = sandbox.stats();
    const given = new TextDecoder().decode(sandbox.callBytes("given"));
    const counts = [sandbox.call("count"), sandbox.call("count")];
    const answer = { machine: sandbox.machine, given, counts, asked: sandbox.call("ask"), bootUs, compileUs };
    sandbox.close();
    parentPort.postMessage(answer);
  });`;

/** Posts a snapshot to a Worker of its own; resolves to what that tells. */
async function inWorker(bytes: Uint8Array, value: number): Promise<unknown> {
  const worker = new Worker(program, { eval: true, workerData: { built, value } });
  try {
    return await new Promise((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
      worker.once("exit", (status) => reject(new Error(`the Worker ended with ${status}`)));
      worker.postMessage(bytes);
    });
  } finally {
    await worker.terminate();
  }
}

describe("a snapshot that was posted to a Worker", () => {
  it("is used there without a boot, by several at once", async (context) => {
    context.skip(!existsSync(built), "the package is not built: `pnpm build`");
    const host = { seed: hostFunction({ params: [], result: t.i32 }, () => 1) };
    await using sandbox = await Sandbox.create({ module: stateful, host, init: utf8("settings") });
    const session = sandbox.session();
    session.call("count");
    const bytes = await bytesOf(session);
    session.finish();
    const answers = await Promise.all([4, 5, 6].map((value) => inWorker(bytes, value)));
    const common = { machine, given: "settings", counts: [2, 2], bootUs: 0, compileUs: 0 };
    expect(answers).toEqual([4, 5, 6].map((asked) => ({ ...common, asked })));
    // The sender's own goes on.
    expect(sandbox.call("count")).toBe(1);
  });
});
