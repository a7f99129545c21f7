import { readFileSync } from "node:fs";
import { TwinwallError } from "@twinwall/abi";

/**
 * Features that code for `kvm` machines uses, by the names of /proc/cpuinfo (`pni` is SSE3, `abm` is LZCNT). The
 * compiler's crate `tune` has the same list.
 */
const NEEDED = ["pni", "ssse3", "sse4_1", "sse4_2", "popcnt", "abm", "bmi1", "bmi2", "avx", "avx2", "fma"];

/** What /proc/cpuinfo says about the processor: one line, or `E_NO_MACHINE` that names the missing features. */
export function describeCpu(cpuinfo: string = readFileSync("/proc/cpuinfo", "utf8")): string {
  const model = field(cpuinfo, "model name") ?? "unknown processor";
  const flags = new Set((field(cpuinfo, "flags") ?? "").split(" "));
  const missing = NEEDED.filter((flag) => !flags.has(flag));
  if (missing.length > 0) {
    throw new TwinwallError(
      "E_NO_MACHINE",
      `${model} lacks ${missing.join(", ")}, which code for kvm uses; run on x86-64-v3 or newer, ` +
        "or let the hypervisor pass these features on",
    );
  }
  return `${model}, has all that code for kvm uses (${NEEDED.join(", ")})`;
}

function field(cpuinfo: string, name: string): string | undefined {
  return new RegExp(`^${name}\\s*: (.*)$`, "m").exec(cpuinfo)?.[1];
}
