import { readFileSync } from "node:fs";
import { cpus, release } from "node:os";

/** What a figure depends on besides the code: processor, kernel, Node. */
export interface System {
  readonly processor: string;
  readonly processors: number;
  readonly kernel: string;
  readonly hypervisor: boolean;
  readonly node: string;
}

/** This machine. */
export function describeSystem(): System {
  const all = cpus();
  return {
    processor: all[0]?.model.trim() ?? "unknown",
    processors: all.length,
    kernel: release(),
    hypervisor: / hypervisor\b/.test(readFileSync("/proc/cpuinfo", "utf8")),
    node: process.version,
  };
}

/** One line. */
export function formatSystem({ processor, processors, kernel, hypervisor, node }: System): string {
  const nested = hypervisor ? ", itself a virtual machine" : "";
  return `${processor} (${processors} CPUs${nested}), Linux ${kernel}, Node ${node}`;
}
