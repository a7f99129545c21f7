import { errorNumbers, showText } from "@twinwall/abi";
import type { Failure } from "@twinwall/vmm";
import { platform } from "#vmm-soft/platform";
import type { SnapshotParts } from "../snapshot.js";
import { noFailure } from "../stop.js";
import { PooledWorker } from "./pooled-worker.js";
import type { Job, Outcome } from "./protocol.js";
import { type Ended, type JobHost, settle, type Ticket } from "./ticket.js";

/** Most Workers, waiting ones included. */
const MOST_WORKERS = 64;

/** A job on its way, for whoever asked for it. */
export interface RunningJob {
  readonly outcome: Promise<Outcome | Ended>;
  /** Ends it with this error code. */
  end(code: number): void;
}

/**
 * Workers that run calls: as many as there are processors, not counting those whose guests wait for a host function, for
 * such a function may itself wait for a call. A Worker that died is replaced by need.
 */
class WorkerPool {
  readonly #idle: PooledWorker[] = [];
  readonly #all = new Set<PooledWorker>();
  readonly #waiting: Ticket[] = [];

  /** Runs a job on a Worker, when one is free. */
  run(
    snapshot: { readonly id: number; readonly parts: SnapshotParts },
    job: Job,
    host: JobHost,
    deadline: number | undefined,
  ): RunningJob {
    let ticket: Ticket | undefined;
    const outcome = new Promise<Outcome | Ended>((resolve) => {
      ticket = { ...snapshot, job, host, deadline, resolve, worker: undefined, settled: false };
      this.#waiting.push(ticket);
    });
    this.#next();
    return { outcome, end: (code) => ticket && this.#end(ticket, code) };
  }

  /** Frees what Workers keep of a snapshot. */
  forget(id: number): void {
    for (const worker of this.#all) worker.forget(id);
  }

  /** Starts what waits, as far as it may run now. */
  #next(): void {
    while (this.#mayStart()) {
      const ticket = this.#waiting.shift();
      if (ticket === undefined) return;
      try {
        (this.#idle.pop() ?? this.#hire()).take(ticket);
      } catch (error) {
        settle(ticket, { failure: noWorker(error) });
      }
    }
  }

  #mayStart(): boolean {
    if (this.#waiting.length === 0) return false;
    if (this.#idle.length === 0 && this.#all.size >= MOST_WORKERS) return false;
    let busy = 0;
    for (const worker of this.#all) if (worker.isBusy) busy += 1;
    return busy < platform.workers;
  }

  #hire(): PooledWorker {
    const worker: PooledWorker = new PooledWorker({
      idle: () => this.#rest(worker),
      waits: () => this.#next(),
      gone: () => this.#dismiss(worker),
    });
    this.#all.add(worker);
    return worker;
  }

  /** A Worker is done; one that is more than there are processors goes. */
  #rest(worker: PooledWorker): void {
    this.#idle.push(worker);
    this.#next();
    if (this.#idle.length > platform.workers) this.#idle[0]?.kill(noFailure);
  }

  /** A Worker is gone; whoever waits gets another. */
  #dismiss(worker: PooledWorker): void {
    this.#all.delete(worker);
    const index = this.#idle.indexOf(worker);
    if (index >= 0) this.#idle.splice(index, 1);
    this.#next();
  }

  #end(ticket: Ticket, code: number): void {
    if (ticket.settled) return;
    const failure = { ...noFailure, code };
    if (ticket.worker !== undefined) {
      ticket.worker.kill(failure);
      return;
    }
    const index = this.#waiting.indexOf(ticket);
    if (index >= 0) this.#waiting.splice(index, 1);
    settle(ticket, { failure });
  }
}

function noWorker(error: unknown): Failure {
  const reason = error instanceof Error ? showText(error.message, 1000) : "no reason given";
  const message = `the host starts no Worker for an asynchronous call: ${reason}`;
  return { ...noFailure, code: errorNumbers.E_NO_MACHINE, message };
}

/** The Workers of this thread. */
export const workerPool = new WorkerPool();
