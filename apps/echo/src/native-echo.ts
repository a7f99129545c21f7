import { CallKind, defaultLimits } from "@twinwall/abi";
import { loadImage } from "@twinwall/runtime";
import { CallFlag, callLimits, type Driver } from "@twinwall/vmm";
import type { Echo } from "./echo.js";

const refuse = (): number => -1;
const ignore = (): void => undefined;

/**
 * An image without WebAssembly in it, which returns what it gets: the same machine, one wall. It goes past the
 * public API on purpose, to show what the second wall costs.
 */
export function openNativeEcho(driver: Driver): Echo {
  const limits = callLimits(defaultLimits);
  const snapshot = driver.boot({
    image: loadImage("echo"),
    attachments: [],
    input: new Uint8Array(),
    limits,
    seed: undefined,
    recycle: false,
    hostCall: refuse,
    record: ignore,
  });
  const machine = snapshot.machine(limits, refuse, ignore);
  return {
    callInto(input, output) {
      const length = machine.call(CallKind.Bytes, 0, CallFlag.Continues | CallFlag.Exact, input, output);
      if (length < 0) throw new Error(`the native image failed: ${machine.failure().message}`);
      return length;
    },
    [Symbol.dispose]() {
      machine.close();
      snapshot.close();
    },
  };
}
