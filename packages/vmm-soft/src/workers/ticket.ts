import type { AsyncHostCallHandler, Failure } from "@twinwall/vmm";
import type { OutboxHandler } from "../exchange.js";
import type { SnapshotParts } from "../snapshot.js";
import type { Job, Outcome } from "./protocol.js";

/** Who serves a job's guest, on this side. */
export interface JobHost {
  readonly hostCall: AsyncHostCallHandler;
  readonly outbox: OutboxHandler;
}

/** What is left of a job whose Worker is gone. */
export type Ended = Pick<Outcome, "failure">;

/** A job that waits or runs. */
export interface Ticket {
  readonly id: number;
  readonly parts: SnapshotParts;
  readonly job: Job;
  readonly host: JobHost;
  /** Milliseconds from its start; `undefined`: none. */
  readonly deadline: number | undefined;
  readonly resolve: (outcome: Outcome | Ended) => void;
  /** The Worker that runs it. */
  worker: { kill(failure: Failure): void } | undefined;
  settled: boolean;
}

/** Tells whoever waits for it how a job ended; the first time only. */
export function settle(ticket: Ticket, outcome: Outcome | Ended): void {
  if (ticket.settled) return;
  ticket.settled = true;
  ticket.resolve(outcome);
}

/** Whether an outcome is whole: its Worker told it. */
export function isWhole(outcome: Outcome | Ended): outcome is Outcome {
  return "stats" in outcome;
}
