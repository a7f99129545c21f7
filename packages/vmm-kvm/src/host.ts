import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { TwinwallError } from "@twinwall/abi";

/** What the check looks at; tests give other values. */
export interface HostFacts {
  readonly platform: string;
  readonly architecture: string;
  /** Path of the device. */
  readonly device: string;
  /** Path of what the kernel says of the processor. */
  readonly processor: string;
  /** Folder in which the kernel lists its modules. */
  readonly modules: string;
}

/** This host. */
export function thisHost(): HostFacts {
  return {
    platform: process.platform,
    architecture: process.arch,
    device: "/dev/kvm",
    processor: "/proc/cpuinfo",
    modules: "/sys/module",
  };
}

/**
 * Checks that this host can have KVM machines at all, before any native code is loaded.
 *
 * @throws TwinwallError `E_NO_MACHINE` with the reason and what to do about it.
 */
export function checkHost(host: HostFacts = thisHost()): void {
  if (host.platform !== "linux") {
    throw noMachine(
      `KVM is a part of Linux, and this is ${host.platform}; run on Linux, or use machine "soft"`,
    );
  }
  if (host.architecture !== "x64") {
    throw noMachine(`KVM machines need an x86-64 host, and this is ${host.architecture}; use machine "soft"`);
  }
  if (!existsSync(host.device)) {
    throw noMachine(`${host.device} does not exist: ${whyNoDevice(host)}`);
  }
  try {
    accessSync(host.device, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw noMachine(
      `${host.device} may not be opened by this user; add the user to group kvm (\`sudo usermod -aG kvm $USER\`, ` +
        "then log in again)",
      error,
    );
  }
}

/**
 * Why this host cannot have KVM machines at all; `undefined` where it can. A machine that cannot be had although this
 * finds nothing is broken, not missing: tests fail on it, and skip only for what this names.
 */
export function hostProblem(host: HostFacts = thisHost()): string | undefined {
  try {
    checkHost(host);
    return undefined;
  } catch (error) {
    return TwinwallError.from(error).message;
  }
}

/** What keeps the device from being there, and what to do about it. */
function whyNoDevice({ processor, modules }: HostFacts): string {
  const flags = new Set(/^flags\s*:(.*)$/m.exec(readText(processor))?.[1]?.trim().split(/\s+/));
  const module = flags.has("svm") ? "kvm_amd" : "kvm_intel";
  if (flags.has("vmx") || flags.has("svm")) {
    return existsSync(join(modules, module))
      ? `its module ${module} is loaded, but this container is not given the device; start it with --device /dev/kvm`
      : `the kernel's module is not loaded; load it (\`sudo modprobe ${module}\`)`;
  }
  if (flags.has("hypervisor")) {
    return "this is a virtual machine without nested virtualisation; turn that on for it on its host, or ask its provider";
  }
  return "the processor offers no virtualisation; turn it on in the firmware (VT-x, AMD-V or SVM)";
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function noMachine(message: string, cause?: unknown): TwinwallError {
  return new TwinwallError("E_NO_MACHINE", message, cause === undefined ? {} : { cause });
}
