import type { Platform, WorkerEvents, WorkerHandle } from "../platform.js";

/** Most Workers, however many processors there are: each holds the snapshots that it ran. */
const MOST_WORKERS = 8;

/** A page, or a Worker in a browser. */
export const platform: Platform = {
  workers: Math.min(Math.max(navigator.hardwareConcurrency || 2, 2), MOST_WORKERS),
  startWorker,
};

function startWorker(events: WorkerEvents): WorkerHandle {
  // Bundlers look for exactly this form, all of it literal.
  const worker = new Worker(new URL("./worker.js", import.meta.url), {
    type: "module",
    name: "twinwall-machine",
  });
  worker.addEventListener("message", ({ data }) => events.message(data));
  worker.addEventListener("messageerror", () => events.ended(new Error("its message could not be read")));
  worker.addEventListener("error", (event) => {
    // It becomes the error of a call; the page need not see it a second time.
    event.preventDefault();
    events.ended(event.error ?? new Error(event.message || "its script could not be loaded"));
  });
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    hold: () => undefined,
    end: () => worker.terminate(),
  };
}
