import type { WorkerEvents, WorkerHandle } from "../platform.js";

/** Starts a Worker that compiles. */
export function startWorker(events: WorkerEvents): WorkerHandle {
  // Bundlers look for exactly this form, all of it literal.
  const worker = new Worker(new URL("./worker.js", import.meta.url), {
    type: "module",
    name: "twinwall-compiler",
  });
  worker.addEventListener("message", ({ data }) => events.reply(data));
  worker.addEventListener("messageerror", () => events.ended(new Error("its message could not be read")));
  worker.addEventListener("error", (event) => {
    // It becomes the error of a job; the page need not see it a second time.
    event.preventDefault();
    events.ended(event.error ?? new Error(event.message || "its script could not be loaded"));
  });
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    hold: () => undefined,
    end: async () => worker.terminate(),
  };
}
