import { TwinwallError } from "@twinwall/abi";
import { hostProblem } from "@twinwall/vmm-kvm";
import { afterEach, describe, expect, it } from "vitest";
import { chooseDriver, type DriverChoice, type MachineChoice } from "../src/index.js";

const variables = ["TWINWALL_MACHINE", "TWINWALL_ISOLATION"];
const before = variables.map((name) => process.env[name]);
afterEach(() => {
  for (const [index, name] of variables.entries()) {
    const value = before[index];
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

/** The choice, or the error that there is instead. */
function choose(
  machine?: MachineChoice,
  isolation?: "none" | "process",
): Promise<DriverChoice | TwinwallError> {
  return chooseDriver(machine, isolation).catch((error: unknown) => TwinwallError.from(error));
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

describe("the choice of an isolation", () => {
  it("an unknown name is E_OPTION, naming where it was given and what there is", async () => {
    expect(String(await choose("soft", "jail" as never))).toContain(
      'E_OPTION: isolation: "jail" is no isolation; there are none, process',
    );
    process.env["TWINWALL_ISOLATION"] = "jail";
    expect(String(await choose("soft"))).toContain('E_OPTION: TWINWALL_ISOLATION: "jail" is no isolation');
  });

  it("the soft machine has none, and says who asked for what", async () => {
    expect(String(await choose("soft", "process"))).toContain(
      'E_OPTION: isolation: "process", as option isolation says, is for machine kvm; machine soft, as option machine says',
    );
    process.env["TWINWALL_MACHINE"] = "soft";
    process.env["TWINWALL_ISOLATION"] = "process";
    const error = String(await choose());
    expect(error).toContain("as TWINWALL_ISOLATION says");
    expect(error).toContain("machine soft, as TWINWALL_MACHINE says");
    // The option overrules the environment.
    expect(await choose(undefined, "none")).toMatchObject({ driver: { machine: "soft", isolation: "none" } });
  });

  it("auto takes KVM behind the wall or nothing at all", async () => {
    delete process.env["TWINWALL_MACHINE"];
    const choice = await choose("auto", "process");
    const problem = hostProblem();
    if (problem === undefined) {
      expect(choice).toMatchObject({ driver: { machine: "kvm", isolation: "process" } });
      expect((choice as DriverChoice).reason).toMatch(
        /^kvm, as \/dev\/kvm opens, in worker processes, as option isolation says \(/,
      );
    } else {
      expect(choice).toBeInstanceOf(TwinwallError);
      expect(String(choice)).toContain('E_NO_MACHINE: isolation "process" needs machine kvm: ');
    }
  });
});
