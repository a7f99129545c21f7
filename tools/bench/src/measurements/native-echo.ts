import { CallKind, defaultLimits, TwinwallError } from "@twinwall/abi";
import { loadImage } from "@twinwall/runtime";
import { CallFlag, callLimits, type Driver, type Machine } from "@twinwall/vmm";

/** The image without WebAssembly in it: what a call costs before any guest runtime does its part. */
export interface NativeEcho extends Disposable {
  callInto(input: Uint8Array, output: Uint8Array): number;
}

/** Boots the native echo image on `driver`. */
export function openNativeEcho(driver: Driver): NativeEcho {
  const limits = callLimits(defaultLimits);
  const snapshot = driver.boot({
    image: loadImage("echo"),
    attachments: [],
    input: new Uint8Array(),
    limits,
    seed: undefined,
    recycle: false,
    hostCall: () => -1,
    record: () => undefined,
  });
  const machine = snapshot.machine(
    limits,
    () => -1,
    () => undefined,
  );
  return {
    callInto: (input, output) => call(machine, input, output),
    [Symbol.dispose]() {
      machine.close();
      snapshot.close();
    },
  };
}

function call(machine: Machine, input: Uint8Array, output: Uint8Array): number {
  const length = machine.call(CallKind.Bytes, 0, CallFlag.Continues | CallFlag.Exact, input, output);
  if (length >= 0) return length;
  throw new TwinwallError("E_INTERNAL", `native echo failed: ${machine.failure().message}`);
}
