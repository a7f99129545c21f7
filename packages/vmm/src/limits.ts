import { defaultLimits, FUEL_UNLIMITED, LARGEST_AREA, type Limits } from "@twinwall/abi";
import type { MachineLimits } from "./machine.js";

/** Limits of ordinary calls. An input that is larger than the guest's memory can never fit. */
export function callLimits(limits: Limits): MachineLimits {
  return {
    memoryBytes: limits.memory,
    inputBytes: Math.min(limits.memory, LARGEST_AREA),
    outputBytes: limits.resultBytes,
    outboxBytes: limits.logBytes,
    hostCalls: limits.hostCalls,
    hostBytes: limits.hostBytes,
    deadlineUs: limits.deadline ?? 0,
    cpuTimeUs: limits.cpuTime ?? 0,
    fuel: limits.fuel ?? FUEL_UNLIMITED,
  };
}

/**
 * Limits of a boot: those of a call, but with a deadline of at least a second (the default deadline). Most of a boot is
 * the runtime's own work, which a deadline that suits the module's functions does not know of.
 */
export function bootLimits(limits: Limits): MachineLimits {
  const shortest = defaultLimits.deadline ?? 0;
  return {
    ...callLimits(limits),
    deadlineUs: limits.deadline === undefined ? 0 : Math.max(limits.deadline, shortest),
    cpuTimeUs: limits.cpuTime === undefined ? 0 : Math.max(limits.cpuTime, shortest),
  };
}

/**
 * Limits of a WASI command: stdin may be larger than the guest's memory, as the guest reads it piece by piece.
 *
 * @param outboxBytes Most bytes of records: output is bounded by whoever collects it, or not at all when streamed.
 */
export function commandLimits(limits: Limits, outboxBytes: number): MachineLimits {
  return { ...callLimits(limits), inputBytes: LARGEST_AREA, outboxBytes };
}
