import { TwinwallError } from "@twinwall/abi";
import { afterEach, describe, expect, it } from "vitest";
import { chooseDriver, type DriverChoice, type MachineChoice } from "../src/driver-choice.js";

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
  it("soft is not there yet, and that is said", async () => {
    const error = await choose("soft");
    expect(error).toMatchObject({ code: "E_NO_MACHINE" });
    expect(String(error)).toContain('machine "soft": this release has no driver for it yet');
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
    expect(String(await choose())).toContain("as TWINWALL_MACHINE says");
    expect(String(await choose("auto"))).not.toContain("TWINWALL_MACHINE");
  });

  it("auto gives KVM and says why, or says why there is none", async () => {
    delete process.env["TWINWALL_MACHINE"];
    const choice = await choose();
    if (choice instanceof TwinwallError) {
      expect(choice.message).toMatch(/^E_NO_MACHINE: machine "auto" found none\. kvm: .*soft: /);
    } else {
      expect(choice.driver.machine).toBe("kvm");
      expect(choice.reason).toMatch(/^kvm, as \/dev\/kvm opens \(/);
    }
  });
});
