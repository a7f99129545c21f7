import { type MachineName, machineNames } from "@twinwall/abi";
import { hostProblem } from "@twinwall/vmm-kvm";

/** Why tests on KVM cannot run here; `undefined` where they can. */
export const noKvm = hostProblem();

/** All machines, each with why its tests cannot run here. */
export const machines: readonly { readonly machine: MachineName; readonly missing: string | undefined }[] =
  machineNames.map((machine) => ({ machine, missing: machine === "kvm" ? noKvm : undefined }));
