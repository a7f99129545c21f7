// Jobs and outcomes as they go over. A structured clone costs by the property: with flat lists of numbers in place of objects,
// an asynchronous call takes three quarters of the time. They are taken apart by index: by rest elements, which the engine
// does not optimise, it takes longer than objects.

import type { Failure } from "@twinwall/vmm";
import type { InstanceState } from "../instance.js";
import { noFailure } from "../stop.js";
import type { Job, Outcome } from "./protocol.js";

/** Most bytes that are copied: that costs less than handing their memory over. */
const MOST_COPIED = 4096;

/** A {@link Job}; it has no deadline there. */
export type PackedJob = readonly [
  machine: number,
  kind: number,
  target: number,
  flags: number,
  input: Uint8Array,
  state: InstanceState | undefined,
  memoryBytes: number,
  inputBytes: number,
  outputBytes: number,
  outboxBytes: number,
  hostCalls: number,
  hostBytes: number,
  cpuTimeUs: number,
  fuel: bigint,
];

/** An {@link Outcome}. */
export type PackedOutcome = readonly [
  status: number,
  output: Uint8Array,
  failure: Failure | undefined,
  state: InstanceState | undefined,
  exits: number,
  hostCalls: number,
  hostBytes: number,
  outboxBytes: number,
  fuelUsed: bigint,
  guestTicks: number,
  memoryBytes: number,
  restoredBytes: number,
  openedBytes: number,
];

export function packJob({ machine, kind, target, flags, input, state, limits }: Job): PackedJob {
  return [
    machine,
    kind,
    target,
    flags,
    input,
    state,
    limits.memoryBytes,
    limits.inputBytes,
    limits.outputBytes,
    limits.outboxBytes,
    limits.hostCalls,
    limits.hostBytes,
    limits.cpuTimeUs,
    limits.fuel,
  ];
}

export function unpackJob(packed: PackedJob): Job {
  return {
    machine: packed[0],
    kind: packed[1],
    target: packed[2],
    flags: packed[3],
    input: packed[4],
    state: packed[5],
    limits: {
      memoryBytes: packed[6],
      inputBytes: packed[7],
      outputBytes: packed[8],
      outboxBytes: packed[9],
      hostCalls: packed[10],
      hostBytes: packed[11],
      deadlineUs: 0,
      cpuTimeUs: packed[12],
      fuel: packed[13],
    },
  };
}

export function packOutcome({ status, output, failure, state, stats }: Outcome): PackedOutcome {
  return [
    status,
    output,
    failure.code === 0 ? undefined : failure,
    state,
    stats.exits,
    stats.hostCalls,
    stats.hostBytes,
    stats.outboxBytes,
    stats.fuelUsed,
    stats.guestTicks,
    stats.memoryBytes,
    stats.restoredBytes,
    stats.openedBytes,
  ];
}

export function unpackOutcome(packed: PackedOutcome): Outcome {
  return {
    status: packed[0],
    output: packed[1],
    failure: packed[2] ?? noFailure,
    state: packed[3],
    stats: {
      exits: packed[4],
      hostCalls: packed[5],
      hostBytes: packed[6],
      outboxBytes: packed[7],
      fuelUsed: packed[8],
      guestTicks: packed[9],
      memoryBytes: packed[10],
      restoredBytes: packed[11],
      openedBytes: packed[12],
    },
  };
}

/** The memory of these bytes that is handed over: it is gone here. */
export function handedOver(...all: readonly Uint8Array[]): ArrayBuffer[] {
  return all.flatMap(({ buffer, byteLength }) =>
    byteLength > MOST_COPIED && buffer instanceof ArrayBuffer ? [buffer] : [],
  );
}
