import { TwinwallError } from "@twinwall/abi";
import { hostProblem } from "@twinwall/vmm-kvm";
import { afterEach, describe, expect, it } from "vitest";
import { chooseDriver, type DriverChoice, type MachineChoice } from "../src/index.js";

const before = process.env["TWINWALL_MACHINE"];
afterEach(() => {
  if (before === undefined) delete process.env["TWINWALL_MACHINE"];
  else process.env["TWINWALL_MACHINE"] = before;
});

/** The choice, or the error that there is instead. */
function choose(machine?: MachineChoice): Promise<DriverChoice | TwinwallError> {
  return chooseDriver(machine).catch((error: unknown) => TwinwallError.from(error));
}

describe("the choice of a machine", () => {
  it("soft is to be had everywhere", async () => {
    const choice = await choose("soft");
    expect(choice).toMatchObject({ driver: { machine: "soft" } });
    expect((choice as DriverChoice).reason).toMatch(/^soft, as option machine says \(an interpreter/);
  });

  it("an unknown name is E_OPTION, naming where it was given", async () => {
    expect(String(await choose("xen" as never))).toContain(
      'E_OPTION: machine: "xen" is no machine; there are auto, kvm, soft',
    );
    process.env["TWINWALL_MACHINE"] = "xen";
    expect(String(await choose())).toContain('E_OPTION: TWINWALL_MACHINE: "xen" is no machine');
  });

  it("the environment decides where nothing is said, and the option overrules it", async () => {
    process.env["TWINWALL_MACHINE"] = "soft";
    expect(((await choose()) as DriverChoice).reason).toContain("soft, as TWINWALL_MACHINE says");
    expect(((await choose("auto")) as DriverChoice).reason).not.toContain("TWINWALL_MACHINE");
  });

  it("auto gives KVM and says why, or soft and says why there is no KVM", async () => {
    delete process.env["TWINWALL_MACHINE"];
    const { driver, reason } = (await choose()) as DriverChoice;
    const problem = hostProblem();
    expect(driver.machine).toBe(problem === undefined ? "kvm" : "soft");
    if (problem === undefined) expect(reason).toMatch(/^kvm, as \/dev\/kvm opens \(/);
    else expect(reason).toContain("soft, as there is no kvm: ");
  });
});
