import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostProblem } from "@twinwall/vmm-kvm";
import type { Attack, Context } from "../attack.js";

function onKvm({ tries }: Context): number {
  const folder = mkdtempSync(join(tmpdir(), "twinwall-attacks-"));
  const processor = join(folder, "cpuinfo");
  const host = {
    platform: "linux",
    architecture: "x64",
    device: join(folder, "kvm"),
    processor,
    modules: join(folder, "modules"),
  };
  try {
    for (let round = 0; round < tries; round += 1) {
      for (const [flags, advice] of [
        ["fpu vmx", "modprobe kvm_intel"],
        ["fpu svm", "modprobe kvm_amd"],
        ["fpu hypervisor", "nested"],
        ["fpu", "firmware"],
      ] as const) {
        writeFileSync(processor, `flags\t\t: ${flags}\n`);
        const problem = hostProblem(host) ?? "";
        assert(problem.includes("E_NO_MACHINE") && problem.includes(advice), problem);
        assert(!problem.includes("\n"), "one line");
      }
      for (const [change, word] of [
        [{ platform: "darwin" }, "Linux"],
        [{ architecture: "arm64" }, "x86-64"],
      ] as const)
        assert((hostProblem({ ...host, ...change }) ?? "").includes(word));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return 6 * tries;
}

/** A host without KVM. */
export const attack: Attack = {
  id: "no-device",
  title: "/dev/kvm absent or closed, another system, another processor",
  check: "E_NO_MACHINE with the reason and what to do, one line, before any native code is loaded",
  guarantees: [],
  on: { kvm: onKvm, soft: "needs no device" },
  core: [],
};
