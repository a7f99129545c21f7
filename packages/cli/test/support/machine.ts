import type { MachineName } from "@twinwall/abi";
import { hostProblem } from "@twinwall/vmm-kvm";

/** Why tests on KVM cannot run here; `undefined` where they can. */
export const noKvm = hostProblem();

/** The machine that this run is about; see vitest.config.ts. */
export const machine: MachineName = process.env["TWINWALL_MACHINE"] === "soft" ? "soft" : "kvm";

/** Why it is not to be had. */
export const noMachine = machine === "kvm" ? noKvm : undefined;
