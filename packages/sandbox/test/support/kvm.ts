import { chooseDriver } from "@twinwall/runtime";
import { beforeEach } from "vitest";
import { TwinwallError } from "../../src/index.js";

/** Why there is no KVM machine here; `undefined` where there is one. */
const noKvm = await chooseDriver("kvm").then(
  () => undefined,
  (error: unknown) => {
    const failure = TwinwallError.from(error);
    if (failure.code !== "E_NO_MACHINE") throw failure;
    return failure.message;
  },
);

/** Skips the tests of this file, with the reason, where KVM cannot be opened. */
export function needsKvm(): void {
  beforeEach((context) => context.skip(noKvm !== undefined, noKvm));
}

/** Whether KVM opens here. */
export const hasKvm = noKvm === undefined;
