import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
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

const good: HostFacts = { platform: "linux", architecture: "x64", device: openable };

describe("hosts without KVM", () => {
  it.each<[string, Partial<HostFacts>, string]>([
    ["another system", { platform: "darwin" }, "KVM is a part of Linux, and this is darwin"],
    ["another processor", { architecture: "arm64" }, "KVM machines need an x86-64 host, and this is arm64"],
    ["no device", { device: join(directory, "none") }, "does not exist; turn on virtualisation"],
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
