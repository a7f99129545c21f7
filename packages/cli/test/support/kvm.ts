import { accessSync, constants } from "node:fs";

/** Why tests that need a machine cannot run here; nothing where they can. */
export const noKvm: string | undefined = reasonAgainstKvm();

function reasonAgainstKvm(): string | undefined {
  try {
    accessSync("/dev/kvm", constants.R_OK | constants.W_OK);
    return undefined;
  } catch {
    return "/dev/kvm cannot be opened here";
  }
}
