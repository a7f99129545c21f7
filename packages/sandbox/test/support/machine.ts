import type { MachineName } from "@twinwall/abi";
import { hostProblem } from "@twinwall/vmm-kvm";
import { beforeEach } from "vitest";

/** The machine that this run is about: every test runs once on each (see vitest.config.ts). */
export const machine: MachineName = process.env["TWINWALL_MACHINE"] === "soft" ? "soft" : "kvm";

/** Whether modules carry fuel although nobody asks: on the soft machine it is what ends a call. */
export const alwaysFuel = machine === "soft";

/** Why this machine is not to be had; `undefined` where it is. */
const problem = machine === "kvm" ? hostProblem() : undefined;

/** Skips the tests of this file, with the reason, where the machine is missing. */
export function needsMachine(): void {
  beforeEach((context) => context.skip(problem !== undefined, problem));
}

/** Whether the machine is to be had. */
export const hasMachine = problem === undefined;
