import type { ToMain, ToWorker } from "./workers/protocol.js";

/**
 * What differs between Node and browsers. The manifest's `imports` choose which file `#vmm-soft/platform` is: `node/platform.ts`
 * or `browser/platform.ts`; nothing else in this package may ask where it runs.
 */
export interface Platform {
  /** How many Workers run calls at most. */
  readonly workers: number;
  /** Starts a Worker that runs calls, see `workers/service.ts`. It does not keep the process alive until held. */
  startWorker(events: WorkerEvents): WorkerHandle;
}

/** What a Worker does by itself. */
export interface WorkerEvents {
  message(message: ToMain): void;
  /** It died; `error` says why, if anything does. It may be told more than once. */
  ended(error: unknown): void;
}

/** A Worker that runs. */
export interface WorkerHandle {
  /** Sends a message, in order. */
  post(message: ToWorker, transfer: ArrayBuffer[]): void;
  /** Keeps the process alive for it, or no longer. Means nothing in a browser. */
  hold(held: boolean): void;
  /** Ends it at once, whatever it is doing. */
  end(): void;
}
