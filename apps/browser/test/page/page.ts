/**
 * A page that uses the sandbox itself, on its own thread or in a Worker. Its tests reach it through `globalThis.probe`.
 *
 * @module
 */

import { Sandbox, TwinwallError } from "@twinwall/sandbox";
import { callAll, type Order, type Outcome } from "./calls.js";

/** The same calls in a Worker of the page's own, whose calls have Workers inside it. */
function callAllInWorker(orders: readonly Order[]): Promise<Outcome[]> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  return new Promise((resolve, reject) => {
    worker.addEventListener("message", ({ data }: MessageEvent<Outcome[]>) => {
      worker.terminate();
      resolve(data);
    });
    worker.addEventListener("error", (event) => reject(new Error(event.message)));
    worker.postMessage(orders);
  });
}

/** Which machine there is without a choice, and why. */
async function chooseMachine(module: readonly number[]): Promise<string[]> {
  await using sandbox = await Sandbox.create({ module: Uint8Array.from(module) });
  return [sandbox.machine, sandbox.machineReason];
}

/** The error of asking for KVM. */
async function askForKvm(module: readonly number[]): Promise<string> {
  return Sandbox.create({ module: Uint8Array.from(module), machine: "kvm" }).then(
    () => "",
    (error: unknown) => TwinwallError.from(error).message,
  );
}

const exposed = { callAll, callAllInWorker, chooseMachine, askForKvm };

declare global {
  var probe: typeof exposed;
}

globalThis.probe = exposed;
