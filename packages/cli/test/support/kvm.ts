import { TwinwallError } from "@twinwall/abi";
import { chooseDriver } from "@twinwall/runtime";

/** Why tests that need a machine cannot run here; nothing where they can. */
export const noKvm: string | undefined = await chooseDriver("kvm").then(
  () => undefined,
  (error: unknown) => {
    const failure = TwinwallError.from(error);
    if (failure.code !== "E_NO_MACHINE") throw failure;
    return failure.message;
  },
);
