import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Platform, WorkerEvents, WorkerHandle } from "../platform.js";

/** What a Worker's JavaScript may hold, MiB; guests' memories come on top. */
const HEAP_MEBIBYTES = 256;

/** Most Workers, however many processors there are: each holds the snapshots that it ran. */
const MOST_WORKERS = 8;

/** Node. */
export const platform: Platform = {
  workers: Math.min(Math.max(availableParallelism(), 2), MOST_WORKERS),
  startWorker,
};

function startWorker(events: WorkerEvents): WorkerHandle {
  // The built file, also when the sources run.
  const worker = new Worker(new URL("../../dist/node/worker.js", import.meta.url), {
    // Nothing of the caller's process is a guest's business.
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MEBIBYTES },
  });
  worker.on("message", events.message);
  worker.on("error", events.ended);
  worker.on("exit", () => events.ended(undefined));
  worker.unref();
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    hold: (held) => (held ? worker.ref() : worker.unref()),
    end: () => void worker.terminate(),
  };
}
