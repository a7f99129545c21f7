import { hostProblem } from "@twinwall/vmm-kvm";

/** Why tests that need a machine cannot run here; `undefined` where they can. */
export const noKvm = hostProblem();
