import { readFileSync } from "node:fs";

/** What the kernel says about locked accesses that cross a cache line; tests give other values. */
export interface SplitLockFacts {
  /** Text of /proc/cpuinfo. */
  readonly processor: string;
  /** The kernel's command line. */
  readonly commandLine: string;
  /** Text of /proc/sys/kernel/split_lock_mitigate; empty where there is none. */
  readonly mitigation: string;
}

/** This host. */
function thisHost(): SplitLockFacts {
  return {
    processor: textOf("/proc/cpuinfo"),
    commandLine: textOf("/proc/cmdline"),
    mitigation: textOf("/proc/sys/kernel/split_lock_mitigate"),
  };
}

/**
 * What this host's kernel does to a process whose guest makes a locked access across two cache lines, which any guest
 * can: nothing, slow the process down (some 10 ms each time, up to the call's deadline), or end it by SIGBUS. No machine
 * can keep a guest from it.
 */
export function splitLockDanger(host: SplitLockFacts = thisHost()): "none" | "slow" | "fatal" {
  const flags = /^flags\s*:(.*)$/m.exec(host.processor)?.[1]?.trim().split(/\s+/) ?? [];
  if (!flags.includes("split_lock_detect")) return "none";
  const option = /(?:^|\s)split_lock_detect=([a-z]+)/.exec(host.commandLine)?.[1] ?? "warn";
  if (option === "fatal") return "fatal";
  return option === "warn" && host.mitigation.trim() === "1" ? "slow" : "none";
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
