import assert from "node:assert/strict";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** What this process holds of its host. */
export interface Holdings {
  /** Descriptors in all, and those of KVM among them. */
  readonly descriptors: number;
  readonly machines: number;
  /** Mappings of vCPUs. */
  readonly mappings: number;
  readonly threads: number;
  readonly resident: number;
}

/** Resident memory of this process, bytes. */
export function residentBytes(): number {
  return process.memoryUsage.rss();
}

/** What this process holds now; `undefined` where there is no `/proc`. */
export function holdings(): Holdings | undefined {
  if (process.platform !== "linux") return undefined;
  const names = readdirSync("/proc/self/fd").map(targetOf);
  return {
    descriptors: names.length,
    machines: names.filter((name) => name.includes("kvm-v")).length,
    mappings: readFileSync("/proc/self/maps", "utf8").split("kvm-vcpu").length - 1,
    threads: readdirSync("/proc/self/task").length,
    resident: residentBytes(),
  };
}

function targetOf(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    // The one by which the folder was read.
    return "";
  }
}

/** Workers and machines end on other threads: threads, with descriptors of their own, that may remain. */
const spareThreads = 12;
const spareDescriptors = 8 * spareThreads;
const patienceMs = 10_000;

/**
 * Waits until this process holds no more than before, and fails when it does not come to that.
 *
 * @param marginMiB Resident memory that may remain.
 */
export async function expectBaseline(before: Holdings | undefined, marginMiB: number): Promise<void> {
  if (before === undefined) return;
  const until = performance.now() + patienceMs;
  for (;;) {
    global.gc?.();
    const problem = differenceOf(before, holdings() ?? before, marginMiB);
    if (problem === undefined) return;
    assert(performance.now() < until, problem);
    await sleep(50);
  }
}

function differenceOf(before: Holdings, now: Holdings, marginMiB: number): string | undefined {
  const more = (what: string, from: number, to: number): string => `${what}: ${from} before, ${to} after`;
  if (now.machines > before.machines) return more("descriptors of machines", before.machines, now.machines);
  if (now.mappings > before.mappings) return more("mappings of vCPUs", before.mappings, now.mappings);
  if (now.threads > before.threads + spareThreads) return more("threads", before.threads, now.threads);
  if (now.descriptors > before.descriptors + spareDescriptors)
    return more("descriptors", before.descriptors, now.descriptors);
  if (now.resident > before.resident + marginMiB * 2 ** 20)
    return more("resident bytes", before.resident, now.resident);
  return undefined;
}
