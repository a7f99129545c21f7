import { Worker } from "node:worker_threads";
import type { WorkerEvents, WorkerHandle } from "../platform.js";
import type { WorkerMessage } from "../worker-protocol.js";
import { packageFile } from "./files.js";

/** What the Worker's JavaScript may hold besides the compiler's own memory: a module and an artifact on their way. */
const HEAP_MEBIBYTES = 256;

/** Starts a thread that compiles. */
export function startWorker(events: WorkerEvents): WorkerHandle {
  const worker = new Worker(packageFile("dist/node/worker.js"), {
    // Nothing of the caller's process is the compiler's business.
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MEBIBYTES },
  });
  worker.on("message", events.reply);
  worker.on("error", events.ended);
  worker.on("exit", () => events.ended(undefined));
  worker.unref();
  return {
    post: (message: WorkerMessage, transfer: ArrayBuffer[]) => worker.postMessage(message, transfer),
    hold: (held) => (held ? worker.ref() : worker.unref()),
    end: async () => void (await worker.terminate()),
  };
}
