import { type MachineName, show, TwinwallError } from "@twinwall/abi";
import type { Driver, Isolation } from "@twinwall/vmm";
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
const isolations: readonly Isolation[] = ["none", "process"];

/**
 * Picks the driver; the driver's package is loaded only when it is tried.
 *
 * @param machine Default: environment variable `TWINWALL_MACHINE`, else `"auto"`.
 * @param isolation Default: environment variable `TWINWALL_ISOLATION`, else `"none"`. With `"process"`, `"auto"` takes KVM or
 * nothing: what is asked for is never had weaker.
 * @throws TwinwallError `E_OPTION` for another name, and for a machine that has not the isolation; `E_NO_MACHINE` with the
 * reason when the machine is not to be had.
 */
export async function chooseDriver(machine?: MachineChoice, isolation?: Isolation): Promise<DriverChoice> {
  const wanted = wantedMachine(machine);
  const between = wantedIsolation(isolation);
  switch (wanted.machine) {
    case "kvm": {
      const driver = await platform.openKvm(between.isolation);
      const walled = between.isolation === "process" ? `, in worker processes, as ${between.by} says` : "";
      return { driver, reason: `kvm, as ${wanted.by} says${walled} (${driver.description})` };
    }
    case "soft": {
      if (between.isolation === "process") {
        throw new TwinwallError(
          "E_OPTION",
          `isolation: "process", as ${between.by} says, is for machine kvm; machine soft, as ${wanted.by} says, has "none"`,
        );
      }
      const driver = await openSoft();
      return { driver, reason: `soft, as ${wanted.by} says (${driver.description})` };
    }
    case "auto":
      return between.isolation === "none" ? await automatic() : await walled(between.by);
  }
}

/** KVM behind the process wall, or nothing. */
async function walled(by: string): Promise<DriverChoice> {
  const refused = (reason: string, cause?: unknown): TwinwallError =>
    new TwinwallError("E_NO_MACHINE", `isolation "process" needs machine kvm: ${reason}`, { cause });
  if (!hasKvmImages()) throw refused("the slim entry has no image for it");
  try {
    const driver = await platform.openKvm("process");
    const reason = `kvm, as /dev/kvm opens, in worker processes, as ${by} says (${driver.description})`;
    return { driver, reason };
  } catch (error) {
    const failure = TwinwallError.from(error);
    throw failure.code === "E_NO_MACHINE" ? refused(failure.rawMessage, failure) : failure;
  }
}

async function automatic(): Promise<DriverChoice> {
  if (!hasKvmImages())
    return { driver: await openSoft(), reason: "soft, as the slim entry has no image for kvm" };
  try {
    const driver = await platform.openKvm("none");
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
  if (machine !== undefined) return { machine: checked(machine, "machine"), by: "option machine" };
  const variable = platform.environment("TWINWALL_MACHINE");
  if (variable === undefined || variable === "") return { machine: "auto", by: "the default" };
  return { machine: checked(variable, "TWINWALL_MACHINE"), by: "TWINWALL_MACHINE" };
}

function wantedIsolation(isolation: Isolation | undefined): { isolation: Isolation; by: string } {
  if (isolation !== undefined) {
    return { isolation: checkedIsolation(isolation, "isolation"), by: "option isolation" };
  }
  const variable = platform.environment("TWINWALL_ISOLATION");
  if (variable === undefined || variable === "") return { isolation: "none", by: "the default" };
  return { isolation: checkedIsolation(variable, "TWINWALL_ISOLATION"), by: "TWINWALL_ISOLATION" };
}

function checkedIsolation(value: unknown, name: string): Isolation {
  const found = isolations.find((isolation) => isolation === value);
  if (found !== undefined) return found;
  throw new TwinwallError(
    "E_OPTION",
    `${name}: ${show(value)} is no isolation; there are ${isolations.join(", ")}`,
  );
}

function checked(value: unknown, name: string): MachineChoice {
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  throw new TwinwallError(
    "E_OPTION",
    `${name}: ${show(value)} is no machine; there are ${choices.join(", ")}`,
  );
}
