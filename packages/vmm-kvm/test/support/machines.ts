import { CallKind } from "@twinwall/abi";
import {
  type AsyncCall,
  type AsyncHostCallHandler,
  CallFlag,
  type Driver,
  type HostCallHandler,
  type Machine,
  type MachineLimits,
  type RecordHandler,
} from "@twinwall/vmm";
import { openKvmDriver, openWalledKvmDriver } from "../../src/driver.js";
import { guestImage } from "./guest.js";

/** No deadline, small sizes. */
export const limits: MachineLimits = {
  memoryBytes: 1 << 20,
  inputBytes: 1 << 16,
  outputBytes: 1 << 16,
  outboxBytes: 1 << 30,
  hostCalls: 1_000_000,
  hostBytes: 1 << 30,
  cpuTimeUs: 0,
  deadlineUs: 0,
  fuel: 2n ** 64n - 1n,
};

export const milliseconds = (count: number): MachineLimits => ({ ...limits, deadlineUs: count * 1000 });

export interface MachineOptions {
  readonly limits?: MachineLimits;
  readonly hostCall?: HostCallHandler;
  readonly record?: RecordHandler;
}

/** The driver that this run is about (see vitest.config.ts). */
function driverOfThisRun(): Driver {
  return process.env["TWINWALL_ISOLATION"] === "process" ? openWalledKvmDriver() : openKvmDriver();
}

/** A machine that runs the guest of `guest.ts`. Virtual machines are recycled. */
export function guestMachine(options: MachineOptions = {}, driver = driverOfThisRun()): Machine {
  const { hostCall = () => -1, record = () => {} } = options;
  const snapshot = driver.boot({
    image: guestImage(),
    attachments: [],
    input: new Uint8Array(0),
    limits,
    memories: 1,
    seed: undefined,
    recycle: true,
    hostCall,
    record,
  });
  const machine = snapshot.machine(options.limits ?? limits, hostCall, record);
  snapshot.close();
  return machine;
}

const refuse: AsyncHostCallHandler = () => -1;

/** An asynchronous call of the guest, with a clean slate unless `flags` say otherwise. */
export function callAsync(
  machine: Machine,
  target: number,
  input: Uint8Array = new Uint8Array(0),
  serve: AsyncHostCallHandler = refuse,
  flags: number = CallFlag.Restore,
): AsyncCall {
  return machine.callAsync(CallKind.Bytes, target, flags, input, serve);
}

/** A call on this thread; returns its status, and its output where there is one. */
export function call(
  machine: Machine,
  target: number,
  input: Uint8Array = new Uint8Array(0),
  flags: number = CallFlag.Restore,
): { status: number; output: Uint8Array } {
  const output = new Uint8Array(limits.outputBytes);
  const status = machine.call(CallKind.Bytes, target, flags, input, output);
  return { status, output: output.slice(0, Math.max(status, 0)) };
}

/** A promise, and what settles it. */
export function deferred<Value>(): { promise: Promise<Value>; resolve: (value: Value) => void } {
  let resolve: (value: Value) => void = () => {};
  const promise = new Promise<Value>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
