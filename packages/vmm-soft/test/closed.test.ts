import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { CallKind, GateOperation } from "@twinwall/abi";
import { CallFlag, type Machine } from "@twinwall/vmm";
import { expect, it } from "vitest";
import type { SoftInstance } from "../src/instance.js";
import type { SoftSnapshot } from "../src/snapshot.js";
import { bootProbe, Probe, probeImage, probeMachine } from "./support/probe.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const output = new Uint8Array(8);
const MACHINES = 10;
/** An engine may remember the first object that it saw at some place of the code. */
const REMEMBERED = 2;

/** The instances that a snapshot makes from here on, as far as somebody holds them. */
function watchInstances(snapshot: SoftSnapshot): WeakRef<SoftInstance>[] {
  const made: WeakRef<SoftInstance>[] = [];
  const make = snapshot.instance.bind(snapshot);
  snapshot.instance = () => {
    const instance = make();
    made.push(new WeakRef(instance));
    return instance;
  };
  return made;
}

function echo(machine: Machine): number {
  return machine.call(CallKind.Bytes, Probe.Echo, CallFlag.Restore, Uint8Array.of(1, 2), output);
}

/** How many of them are left once garbage was collected. */
async function leftOf(instances: readonly WeakRef<SoftInstance>[]): Promise<number> {
  const held = (): number => instances.filter((made) => made.deref() !== undefined).length;
  for (let attempt = 0; attempt < 20 && held() > REMEMBERED; attempt += 1) {
    await sleep(5);
    collectGarbage();
  }
  return held();
}

it("closed machines that are still referred to hold no instances, nor their memory", async () => {
  const snapshot = bootProbe(probeImage(), false) as SoftSnapshot;
  const instances = watchInstances(snapshot);
  const machines = Array.from({ length: MACHINES }, () => probeMachine(snapshot));
  for (const machine of machines) {
    expect(echo(machine)).toBe(2);
    machine.close();
  }
  expect(instances).toHaveLength(MACHINES);
  expect(await leftOf(instances)).toBeLessThanOrEqual(REMEMBERED);
  for (const machine of machines) expect(echo(machine)).toBeLessThan(0);
  snapshot.close();
});

it("nor do those that a host function closed in a call", async () => {
  const snapshot = bootProbe(probeImage(), false) as SoftSnapshot;
  const instances = watchInstances(snapshot);
  const hostCall = new Uint8Array(88);
  hostCall[0] = GateOperation.HostCall;
  const machines = Array.from({ length: MACHINES }, () => {
    const machine: Machine = probeMachine(snapshot, () => {
      machine.close();
      return output;
    });
    return machine;
  });
  for (const machine of machines)
    machine.call(CallKind.Bytes, Probe.Gate, CallFlag.Restore, hostCall, output);
  expect(await leftOf(instances)).toBeLessThanOrEqual(REMEMBERED);
  for (const machine of machines) expect(echo(machine)).toBeLessThan(0);
  snapshot.close();
});

it("machines whose guest was poisoned hold none until their next call", async () => {
  const snapshot = bootProbe(probeImage(), false) as SoftSnapshot;
  const instances = watchInstances(snapshot);
  const machines = Array.from({ length: MACHINES }, () => probeMachine(snapshot));
  for (const machine of machines) {
    expect(machine.call(CallKind.Bytes, Probe.Trap, CallFlag.Restore, output, output)).toBeLessThan(0);
  }
  expect(await leftOf(instances)).toBeLessThanOrEqual(REMEMBERED);
  for (const machine of machines) expect(echo(machine)).toBe(2);
  for (const machine of machines) machine.close();
  snapshot.close();
});
