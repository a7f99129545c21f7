import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TwinwallError } from "@twinwall/abi";
import { afterAll, describe, expect, it } from "vitest";
import { checkHost, type HostFacts, hostProblem } from "../src/host.js";

const directory = mkdtempSync(join(tmpdir(), "twinwall-"));
const openable = join(directory, "open");
const closed = join(directory, "closed");
writeFileSync(openable, "");
writeFileSync(closed, "");
chmodSync(closed, 0o000);
afterAll(() => rmSync(directory, { recursive: true }));

const modules = join(directory, "modules");
mkdirSync(join(modules, "kvm_intel"), { recursive: true });

/** A file as the kernel's, with these flags of the processor. */
function processor(name: string, flags: string): string {
  const path = join(directory, name);
  writeFileSync(path, `processor\t: 0\nmodel name\t: Test\nflags\t\t: ${flags}\n`);
  return path;
}

const good: HostFacts = {
  platform: "linux",
  architecture: "x64",
  device: openable,
  processor: processor("intel", "fpu vmx sse2"),
  modules,
};

const missing = { device: join(directory, "none") };
const amd = processor("amd", "fpu svm sse2");
const nested = processor("nested", "fpu hypervisor sse2");
const plain = processor("plain", "fpu sse2");

describe("hosts without KVM", () => {
  it.each<[string, Partial<HostFacts>, string]>([
    ["another system", { platform: "darwin" }, "KVM is a part of Linux, and this is darwin"],
    ["another processor", { architecture: "arm64" }, "KVM machines need an x86-64 host, and this is arm64"],
    [
      "no module",
      { ...missing, modules: directory },
      "does not exist: the kernel's module is not loaded; load it (`sudo modprobe kvm_intel`)",
    ],
    ["no module, of the other maker", { ...missing, processor: amd }, "`sudo modprobe kvm_amd`"],
    ["a module but no device", missing, "this container is not given the device"],
    ["no nested virtualisation", { ...missing, processor: nested }, "without nested virtualisation"],
    ["no virtualisation", { ...missing, processor: plain }, "turn it on in the firmware"],
    ["a processor that tells nothing", { ...missing, processor: "/nowhere" }, "turn it on in the firmware"],
  ])("%s: the reason, and what to do", (_, facts, message) => {
    expect(messageOf({ ...good, ...facts })).toContain(`E_NO_MACHINE: `);
    expect(messageOf({ ...good, ...facts })).toContain(message);
  });

  it("a closed device: the group is named", (context) => {
    context.skip(process.getuid?.() === 0, "the superuser may open every file");
    expect(messageOf({ ...good, device: closed })).toContain("sudo usermod -aG kvm");
  });

  it("a device that opens is no problem", () => {
    expect(messageOf(good)).toBe("");
    expect(hostProblem(good)).toBeUndefined();
    expect(hostProblem({ ...good, platform: "darwin" })).toBe(messageOf({ ...good, platform: "darwin" }));
  });
});

function messageOf(facts: HostFacts): string {
  try {
    checkHost(facts);
    return "";
  } catch (error) {
    expect(error).toBeInstanceOf(TwinwallError);
    return (error as TwinwallError).message;
  }
}
