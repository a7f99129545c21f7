import { hostProblem } from "@twinwall/vmm-kvm";
import { beforeEach } from "vitest";

/** Why there is no KVM machine here; `undefined` where there is one. */
const noKvm = hostProblem();

/** Skips the tests of this file, with the reason, where KVM cannot be opened. */
export function needsKvm(): void {
  beforeEach((context) => context.skip(noKvm !== undefined, noKvm));
}

/** Whether KVM opens here. */
export const hasKvm = noKvm === undefined;
