import { type MachineName, show, TwinwallError } from "@twinwall/abi";
import type { Driver } from "@twinwall/vmm";
import { platform } from "#runtime/platform";
import { hasKvmImages, prepareImage } from "./images.js";

/** A machine, or `"auto"`: KVM where it opens, else soft. */
export type MachineChoice = MachineName | "auto";

/** Which driver was taken, and why. */
export interface DriverChoice {
  readonly driver: Driver;
  /** One line for people. */
  readonly reason: string;
}

const choices: readonly MachineChoice[] = ["auto", "kvm", "soft"];

/**
 * Picks the driver; the driver's package is loaded only when it is tried.
 *
 * @param machine Default: environment variable `TWINWALL_MACHINE`, else `"auto"`.
 * @throws TwinwallError `E_OPTION` for another name, `E_NO_MACHINE` with the reason when the machine is not to be had.
 */
export async function chooseDriver(machine?: MachineChoice): Promise<DriverChoice> {
  const wanted = wantedMachine(machine);
  switch (wanted.machine) {
    case "kvm": {
      const driver = await platform.openKvm();
      return { driver, reason: `kvm, as ${wanted.by} says (${driver.description})` };
    }
    case "soft": {
      const driver = await openSoft();
      return { driver, reason: `soft, as ${wanted.by} says (${driver.description})` };
    }
    case "auto":
      return automatic();
  }
}

const option = "option machine";

async function automatic(): Promise<DriverChoice> {
  if (!hasKvmImages())
    return { driver: await openSoft(), reason: "soft, as the slim entry has no image for kvm" };
  try {
    const driver = await platform.openKvm();
    return { driver, reason: `kvm, as /dev/kvm opens (${driver.description})` };
  } catch (error) {
    const failure = TwinwallError.from(error);
    if (failure.code !== "E_NO_MACHINE") throw failure;
    const driver = await openSoft();
    return { driver, reason: `soft, as there is no kvm: ${failure.rawMessage}` };
  }
}

async function openSoft(): Promise<Driver> {
  const [{ openSoftDriver }] = await Promise.all([
    import("@twinwall/vmm-soft"),
    prepareImage("wasm", "soft"),
  ]);
  return openSoftDriver();
}

function wantedMachine(machine: MachineChoice | undefined): { machine: MachineChoice; by: string } {
  if (machine !== undefined) return { machine: checked(machine, "machine"), by: option };
  const variable = platform.environment("TWINWALL_MACHINE");
  if (variable === undefined || variable === "") return { machine: "auto", by: "the default" };
  return { machine: checked(variable, "TWINWALL_MACHINE"), by: "TWINWALL_MACHINE" };
}

function checked(value: unknown, name: string): MachineChoice {
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  throw new TwinwallError(
    "E_OPTION",
    `${name}: ${show(value)} is no machine; there are ${choices.join(", ")}`,
  );
}
