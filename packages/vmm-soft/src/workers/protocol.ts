import type { Failure, MachineLimits, MachineStats } from "@twinwall/vmm";
import type { InstanceState } from "../instance.js";
import type { SnapshotParts } from "../snapshot.js";

/** One call for a Worker. */
export interface Job {
  /** Names the machine that calls: what one leaves is not for another. */
  readonly machine: number;
  readonly kind: number;
  readonly target: number;
  readonly flags: number;
  readonly input: Uint8Array;
  /** Without a deadline: the other side ends the Worker. */
  readonly limits: MachineLimits;
  /** Where the guest goes on; `undefined`: from the snapshot. */
  readonly state: InstanceState | undefined;
}

/** How a job ended. */
export interface Outcome {
  /** The output's length, or a negative error code. */
  readonly status: number;
  readonly output: Uint8Array;
  readonly failure: Failure;
  readonly stats: MachineStats;
  /** Where the guest stands, when the machine was not restored. */
  readonly state: InstanceState | undefined;
}

/** What a Worker is told. */
export type ToWorker =
  /** Comes first: where answers to host calls will be, if anywhere, and the sender's `performance.timeOrigin`. */
  | { readonly what: "start"; readonly channel: SharedArrayBuffer | undefined; readonly timeOrigin: number }
  | { readonly what: "snapshot"; readonly id: number; readonly parts: SnapshotParts }
  | { readonly what: "forget"; readonly id: number }
  | { readonly what: "job"; readonly snapshot: number; readonly job: Job };

/** What a Worker tells. */
export type ToMain =
  /** The guest of the job is ready and runs from now on. */
  | { readonly what: "started" }
  /** A host call; the guest waits for the answer on the channel. */
  | { readonly what: "host"; readonly hostFunction: number; readonly input: Uint8Array }
  /** The answer goes on: the next piece of it is wanted. */
  | { readonly what: "more" }
  /** A drained outbox, checked. */
  | { readonly what: "outbox"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly what: "done"; readonly outcome: Outcome };
