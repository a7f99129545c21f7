import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** What this process holds of its host at one moment. */
export interface Holdings {
  /** Open file descriptors: a virtual machine has two. */
  readonly descriptors: number;
  /** Lines of `/proc/self/maps`. */
  readonly mappings: number;
  readonly threads: number;
  /** Resident memory, bytes. */
  readonly resident: number;
}

/** Why this host cannot tell what a process holds; `undefined` where it can. */
export function holdingsProblem(): string | undefined {
  return process.platform === "linux"
    ? undefined
    : `/proc is a part of Linux, and this is ${process.platform}`;
}

/** What this process holds now. */
export function readHoldings(): Holdings {
  return {
    // One of them is what the folder is read by.
    descriptors: readdirSync("/proc/self/fd").length - 1,
    mappings: readFileSync("/proc/self/maps", "utf8").split("\n").length - 1,
    threads: readdirSync("/proc/self/task").length,
    resident: process.memoryUsage.rss(),
  };
}

/** Proportional set size of this process, bytes: its private pages, and its share of those that others have too. */
export function proportionalBytes(): number {
  const match = /^Pss:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/smaps_rollup", "utf8"));
  if (match === null) throw new Error("/proc/self/smaps_rollup has no Pss");
  return Number(match[1]) * 1024;
}

/** What of `/proc/meminfo` the kernel keeps for processes and their virtual machines; older kernels have not all of it. */
const KERNEL_MEMORY = ["Slab", "VmallocUsed", "PageTables", "SecPageTables", "Percpu"];

/** Memory that the kernel keeps for all processes of this host, bytes: what it needs for virtual machines is a part of it. */
export function kernelBytes(): number {
  const fields = readFileSync("/proc/meminfo", "utf8").matchAll(/^(\w+):\s+(\d+) kB$/gm);
  let sum = 0;
  for (const [, name, kibibytes] of fields) if (KERNEL_MEMORY.includes(name ?? "")) sum += Number(kibibytes);
  return sum * 1024;
}

/** How long what ends on other threads gets to end, milliseconds. */
const PAUSE_MS = 20;

/**
 * Waits until this process holds no more than it needs: what is unreachable is collected, so that memory that stays is
 * memory that is held, and what ends on other threads has ended.
 */
export async function settle(): Promise<void> {
  collectGarbage();
  await sleep(PAUSE_MS);
  // Finalizers of the first may have let more go.
  collectGarbage();
}

let collector: (() => void) | undefined;

function collectGarbage(): void {
  if (collector === undefined) {
    setFlagsFromString("--expose-gc");
    collector = runInNewContext("gc") as () => void;
  }
  collector();
}
