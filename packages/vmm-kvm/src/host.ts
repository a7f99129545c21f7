import { accessSync, constants, existsSync } from "node:fs";
import { TwinwallError } from "@twinwall/abi";

/** What the check looks at; tests give other values. */
export interface HostFacts {
  readonly platform: string;
  readonly architecture: string;
  /** Path of the device. */
  readonly device: string;
}

/** This host. */
export function thisHost(): HostFacts {
  return { platform: process.platform, architecture: process.arch, device: "/dev/kvm" };
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
    throw noMachine(
      `${host.device} does not exist; turn on virtualisation in the firmware, load the module (\`modprobe kvm_intel\` ` +
        "or `modprobe kvm_amd`), or give this virtual machine or container nested virtualisation or the device",
    );
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

function noMachine(message: string, cause?: unknown): TwinwallError {
  return new TwinwallError("E_NO_MACHINE", message, cause === undefined ? {} : { cause });
}
