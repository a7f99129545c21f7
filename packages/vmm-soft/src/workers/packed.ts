// Jobs and outcomes as they go over. A structured clone costs by the property: with flat lists of numbers in place of objects,
// a message there and one back take two thirds of the time.

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
  const { memoryBytes, inputBytes, outputBytes, outboxBytes, hostCalls, hostBytes, cpuTimeUs, fuel } = limits;
  return [
    ...([machine, kind, target, flags, input, state] as const),
    ...([memoryBytes, inputBytes, outputBytes, outboxBytes, hostCalls, hostBytes, cpuTimeUs, fuel] as const),
  ];
}

export function unpackJob(packed: PackedJob): Job {
  const [machine, kind, target, flags, input, state, ...limits] = packed;
  const [memoryBytes, inputBytes, outputBytes, outboxBytes, hostCalls, hostBytes, cpuTimeUs, fuel] = limits;
  return {
    ...{ machine, kind, target, flags, input, state },
    limits: {
      ...{ memoryBytes, inputBytes, outputBytes, outboxBytes, hostCalls, hostBytes },
      ...{ deadlineUs: 0, cpuTimeUs, fuel },
    },
  };
}

export function packOutcome({ status, output, failure, state, stats }: Outcome): PackedOutcome {
  const { exits, hostCalls, hostBytes, outboxBytes, fuelUsed } = stats;
  const { guestTicks, memoryBytes, restoredBytes, openedBytes } = stats;
  return [
    ...([status, output, failure.code === 0 ? undefined : failure, state] as const),
    ...([exits, hostCalls, hostBytes, outboxBytes, fuelUsed] as const),
    ...([guestTicks, memoryBytes, restoredBytes, openedBytes] as const),
  ];
}

export function unpackOutcome(packed: PackedOutcome): Outcome {
  const [status, output, failure = noFailure, state, ...stats] = packed;
  const [exits, hostCalls, hostBytes, outboxBytes, fuelUsed, ...sizes] = stats;
  const [guestTicks, memoryBytes, restoredBytes, openedBytes] = sizes;
  return {
    ...{ status, output, failure, state },
    stats: {
      ...{ exits, hostCalls, hostBytes, outboxBytes, fuelUsed },
      ...{ guestTicks, memoryBytes, restoredBytes, openedBytes },
    },
  };
}

/** The memory of these bytes that is handed over: it is gone here. */
export function handedOver(...all: readonly Uint8Array[]): ArrayBuffer[] {
  return all.flatMap(({ buffer, byteLength }) =>
    byteLength > MOST_COPIED && buffer instanceof ArrayBuffer ? [buffer] : [],
  );
}
