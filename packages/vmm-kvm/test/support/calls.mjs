// Asynchronous calls as programs and Workers of the tests make them, over the built package.
import { readFileSync } from "node:fs";
import { openKvmDriver } from "@twinwall/vmm-kvm";

const BYTES = 2;
const RESTORE = 2;

/**
 * A machine that runs the image in file `image`.
 *
 * @param serving Makes its host function, of an object that will hold the machine.
 */
export function machineOf(image, deadlineUs = 0, serving = () => () => -1) {
  const limits = {
    memoryBytes: 1 << 20,
    inputBytes: 1 << 16,
    outputBytes: 1 << 16,
    outboxBytes: 1 << 30,
    hostCalls: 1_000_000,
    hostBytes: 1 << 30,
    deadlineUs,
    cpuTimeUs: 0,
    fuel: 2n ** 64n - 1n,
  };
  const holder = {};
  const [hostCall, record] = [serving(holder), () => {}];
  const snapshot = openKvmDriver().boot({
    image: readFileSync(image),
    attachments: [],
    input: new Uint8Array(0),
    limits,
    memories: 1,
    seed: undefined,
    recycle: true,
    hostCall,
    record,
  });
  const machine = snapshot.machine(limits, hostCall, record);
  snapshot.close();
  holder.machine = machine;
  return machine;
}

/** Starts a call of function `target`; `words` are its input. */
export function callAsync(machine, target, words, serve = () => -1) {
  const input = new Uint8Array(new BigUint64Array(words.map(BigInt)).buffer);
  return machine.callAsync(BYTES, target, RESTORE, input, serve);
}

/** Calls that do not end by themselves: one that spins, one that waits, one that asks, one that writes. */
export function endlessCalls(image, { Loop, Ask, Talk, Print }) {
  const never = () => new Promise(() => {});
  return [
    callAsync(machineOf(image), Loop, [1]),
    callAsync(machineOf(image), Ask, [1], never),
    callAsync(machineOf(image), Talk, [1e12], async (_, input) => input),
    callAsync(machineOf(image), Print, [1e12, 1000]),
  ];
}
