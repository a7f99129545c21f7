import type { MachineName } from "@twinwall/abi";
import type { Driver, Snapshot } from "@twinwall/vmm";
import { openKvmDriver } from "@twinwall/vmm-kvm";
import { openSoftDriver } from "@twinwall/vmm-soft";
import { nativeImage } from "./native.js";
import { softImage } from "./soft.js";
import { bootHostile, type HostileImage, Victim, type VictimOptions } from "./victim.js";

/** The hostile image of a machine. */
export function hostileImage(machine: MachineName): HostileImage {
  return machine === "kvm" ? nativeImage() : softImage();
}

export function driverOf(machine: MachineName): Driver {
  return machine === "kvm" ? openKvmDriver() : openSoftDriver();
}

/** Boots the hostile image of a machine, lets `attack` have victims of it, and closes all. */
export async function withVictims<Value>(
  machine: MachineName,
  attack: (victim: (options?: VictimOptions) => Victim) => Value | Promise<Value>,
): Promise<Value> {
  const hostile = hostileImage(machine);
  const snapshot: Snapshot = bootHostile(driverOf(machine), hostile.image);
  const victims: Victim[] = [];
  try {
    return await attack((options) => {
      const victim = new Victim(snapshot, hostile, options);
      victims.push(victim);
      return victim;
    });
  } finally {
    for (const victim of victims) victim.close();
    snapshot.close();
  }
}
