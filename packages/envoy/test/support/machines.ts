import { hostProblem } from "@twinwall/vmm-kvm";
import { beforeEach } from "vitest";

/** All machines. */
export const machines = ["kvm", "soft"] as const;

/** Skips the tests around, with the reason, where the machine is missing. */
export function needsMachine(machine: (typeof machines)[number]): void {
  const problem = machine === "kvm" ? hostProblem() : undefined;
  beforeEach((context) => context.skip(problem !== undefined, problem));
}
