import { CallKind, errorCodeOf, errorNumbers } from "@twinwall/abi";
import { CallFlag } from "@twinwall/vmm";
import { afterAll, describe, expect, it } from "vitest";
import type { SoftMachine } from "../src/machine.js";
import type { SoftSnapshot } from "../src/snapshot.js";
import { bootProbe, Probe, probeMachine } from "./support/probe.js";

const snapshot = bootProbe() as SoftSnapshot;
afterAll(() => snapshot.close());

const nothing = new Uint8Array(0);
const echoed = Uint8Array.of(1, 2, 3, 4);

describe("restoreAsync", () => {
  it("puts the machine back, or takes a new instance where that is asked for or needed", async () => {
    const machine = probeMachine(snapshot);
    const call = (target: number): number =>
      machine.call(CallKind.Bytes, target, CallFlag.None, echoed, new Uint8Array(8));
    for (let round = 0; round < 3; round += 1) {
      expect(call(Probe.Echo)).toBe(4);
      expect(await machine.restoreAsync()).toBe(0);
      expect(call(Probe.Echo)).toBe(4);
      expect(await machine.restoreAsync(true)).toBe(1);
      // A crash throws the instance away.
      expect(call(Probe.Trap)).toBeLessThan(0);
      expect(await machine.restoreAsync()).toBe(1);
      expect(await machine.restoreAsync()).toBe(0);
    }
    machine.close(true);
    expect(errorCodeOf(-(await machine.restoreAsync()))).toBe("E_DISPOSED");
  });

  it("is refused during an asynchronous call", async () => {
    const machine = probeMachine(snapshot);
    const { reply, end } = machine.callAsync(CallKind.Bytes, Probe.Spin, CallFlag.Restore, nothing, () => -6);
    expect(errorCodeOf(-(await machine.restoreAsync()))).toBe("E_BUSY");
    end(errorNumbers.E_ABORTED);
    await reply;
    expect(await machine.restoreAsync()).toBe(0);
    machine.close();
  });
});

describe("a call with a restore behind it", () => {
  it("leaves no state behind, and none comes back from its Worker", async () => {
    const machine = probeMachine(snapshot) as SoftMachine;
    for (const target of [Probe.Echo, Probe.Scribble, Probe.Trap, Probe.Echo]) {
      const { reply, restored } = machine.callAsync(
        CallKind.Bytes,
        target,
        CallFlag.RestoreAfter,
        echoed,
        () => -6,
      );
      const { status } = await reply;
      if (target === Probe.Echo) expect(status).toBe(4);
      expect(await restored).toBe(0);
      expect(machine.exportState()).toBeUndefined();
    }
    machine.close();
  });

  it("that is refused leaves the machine as it was", async () => {
    const machine = probeMachine(snapshot);
    machine.close();
    const call = machine.callAsync(CallKind.Bytes, Probe.Echo, CallFlag.RestoreAfter, echoed, () => -6);
    expect(errorCodeOf(-(await call.reply).status)).toBe("E_DISPOSED");
    expect(await call.restored).toBe(0);
  });
});

describe("a machine that is closed to be taken apart", () => {
  it("is not recycled", () => {
    const machine = probeMachine(snapshot);
    machine.call(CallKind.Bytes, Probe.Echo, CallFlag.None, echoed, new Uint8Array(8));
    machine.close(true);
    machine.close();
    const other = probeMachine(snapshot);
    other.close();
    expect(probeMachine(snapshot)).not.toBe(other);
  });
});
