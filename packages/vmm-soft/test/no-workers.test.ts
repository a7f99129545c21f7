import { CallKind, errorCodeOf } from "@twinwall/abi";
import { CallFlag } from "@twinwall/vmm";
import { expect, it, vi } from "vitest";
import { bootProbe, Probe, probeMachine } from "./support/probe.js";

vi.mock("#vmm-soft/platform", () => ({
  platform: {
    workers: 2,
    startWorker: () => {
      throw new Error("no thread left");
    },
  },
}));

it("an asynchronous call fails where the host starts no Worker, and the machine works on", async () => {
  const snapshot = bootProbe();
  const machine = probeMachine(snapshot);
  const input = Uint8Array.of(1, 2, 3);
  for (let round = 0; round < 3; round += 1) {
    const { status } = await machine.callAsync(CallKind.Bytes, Probe.Echo, CallFlag.Restore, input, () => -6)
      .reply;
    expect(errorCodeOf(-status)).toBe("E_NO_MACHINE");
    expect(machine.failure().message).toContain("no thread left");
    const output = new Uint8Array(3);
    expect(machine.call(CallKind.Bytes, Probe.Echo, CallFlag.Restore, input, output)).toBe(3);
    expect(output).toEqual(input);
  }
  machine.close();
  snapshot.close();
});
