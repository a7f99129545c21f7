import { platform } from "#platform";
import type { CompilerSource } from "./compiler-source.js";
import { WorkerBackend } from "./worker-backend.js";

/** Where a job gets its Worker, and leaves it. */
export interface Backends {
  /** A Worker for one job, which has nothing else to do meanwhile. */
  take(): WorkerBackend;
  /** Takes it back when the job is over, however it ended. */
  giveBack(backend: WorkerBackend): Promise<void>;
}

/** A new Worker for each job, which goes with it. */
export function freshBackends(source: CompilerSource): Backends {
  return { take: () => new WorkerBackend(source), giveBack: (backend) => backend.close() };
}

/** How long an idle Worker is kept, milliseconds. */
const IDLE_MS = 10_000;

/**
 * Keeps one idle Worker for the next job, for a while: to start one, and to have the compiler compiled, takes far longer than
 * most texts. Each job gets an instance of the compiler of its own all the same. Who comes while it is busy gets another
 * Worker, which goes with its job: nobody waits for what others read.
 */
export class KeptBackend implements Backends {
  #idle: WorkerBackend | undefined;
  #stopTimer: () => void = () => {};

  /** @param source Where the compiler comes from. */
  constructor(private readonly source: CompilerSource) {}

  take(): WorkerBackend {
    this.#stopTimer();
    const backend = this.#idle ?? new WorkerBackend(this.source);
    this.#idle = undefined;
    return backend;
  }

  /** Keeps a Worker, or ends it where there is one already. One that a deadline has ended starts anew. */
  async giveBack(backend: WorkerBackend): Promise<void> {
    if (this.#idle !== undefined) return await backend.close();
    this.#idle = backend;
    this.#stopTimer = platform.later(IDLE_MS, () => void this.take().close());
  }
}
