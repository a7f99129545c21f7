import type { Failure, MachineLimits, MachineStats } from "@twinwall/vmm";
import type { InstanceState } from "../instance.js";
import type { SnapshotParts } from "../snapshot.js";
import type { PackedJob, PackedOutcome } from "./packed.js";

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

/** What a machine tells of a call that another one takes over. */
export type CallStats = Omit<
  MachineStats,
  "cpuTimeUs" | "writableBytes" | "restoreStrategy" | "calls" | "restores"
>;

/** How a job ended. */
export interface Outcome {
  /** The output's length, or a negative error code. */
  readonly status: number;
  readonly output: Uint8Array;
  readonly failure: Failure;
  readonly stats: CallStats;
  /** Where the guest stands, when the machine was not restored. */
  readonly state: InstanceState | undefined;
}

/** What a Worker is told: what, and what goes with it. */
export type ToWorker =
  /** Comes first: where answers to host calls will be, if anywhere, and the sender's `performance.timeOrigin`. */
  | readonly ["start", channel: SharedArrayBuffer | undefined, timeOrigin: number]
  | readonly ["snapshot", id: number, parts: SnapshotParts]
  | readonly ["forget", id: number]
  | readonly ["job", snapshot: number, job: PackedJob];

/** What a Worker tells: what, and what goes with it. */
export type ToMain =
  /** The guest of the job is ready and runs from now on. */
  | readonly ["started"]
  /** A host call; the guest waits for the answer on the channel. */
  | readonly ["host", hostFunction: number, input: Uint8Array]
  /** The answer goes on: the next piece of it is wanted. */
  | readonly ["more"]
  /** A drained outbox, checked. */
  | readonly ["outbox", bytes: Uint8Array<ArrayBuffer>]
  | readonly ["done", outcome: PackedOutcome];
