import { chooseDriver } from "@twinwall/runtime";
import { TwinwallError } from "@twinwall/sandbox";

/** Why there is no KVM machine here; `undefined` where there is one. */
export const noKvm = await chooseDriver("kvm").then(
  () => undefined,
  (error: unknown) => {
    const failure = TwinwallError.from(error);
    if (failure.code !== "E_NO_MACHINE") throw failure;
    return failure.message;
  },
);
