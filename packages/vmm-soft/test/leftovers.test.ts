import { CallKind } from "@twinwall/abi";
import { CallFlag, type Machine } from "@twinwall/vmm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SoftSnapshot } from "../src/snapshot.js";
import { bootProbe, Probe, probeImage, probeMachine } from "./support/probe.js";

const WORD = 8;

/** Calls a probe on this thread, or in a Worker. */
type Call = (machine: Machine, probe: number, input: Uint8Array) => Promise<Uint8Array>;

const callHere: Call = async (machine, probe, input) => {
  const output = new Uint8Array(WORD);
  expect(machine.call(CallKind.Bytes, probe, CallFlag.Restore, input, output)).toBeGreaterThanOrEqual(0);
  return output;
};

const callElsewhere: Call = async (machine, probe, input) => {
  const { status, output } = await machine.callAsync(CallKind.Bytes, probe, CallFlag.Restore, input, () => -6)
    .reply;
  expect(status).toBeGreaterThanOrEqual(0);
  return output;
};

/** A word that begins with an address, and cannot be there by chance. */
function marked(address: number): Uint8Array {
  const input = new Uint8Array(WORD).fill(0x5e);
  new DataView(input.buffer).setUint32(0, address, true);
  return input;
}

describe.each([
  ["kept for others", true],
  ["never used again", false],
])("an instance that is %s, after a guest that wrote where no module can", (_, recycle) => {
  let snapshot: SoftSnapshot;
  beforeAll(() => {
    snapshot = bootProbe(probeImage(), recycle) as SoftSnapshot;
  });
  afterAll(() => snapshot.close());

  it.each([
    ["on the calling thread", callHere],
    ["in Workers", callElsewhere],
  ])("leaves nothing to another machine, %s", async (_, call) => {
    const { mailbox, input, stack, attachments } = snapshot.parts.plan;
    const places = {
      "deep in the interpreter's stack": stack.address + 64,
      "on the image's stack": 64,
      "behind the mailbox's fields": mailbox + 2048,
      "in an unused part of the input area": input.address + 100_000,
      "over an attachment": attachments[0]?.address ?? 0,
    };
    const first = probeMachine(snapshot);
    const before = new Map<string, Uint8Array>();
    for (const [place, address] of Object.entries(places)) {
      before.set(place, await call(first, Probe.Peek, marked(address)));
      await call(first, Probe.Poke, marked(address));
    }
    first.close();
    const second = probeMachine(snapshot);
    for (const [place, address] of Object.entries(places)) {
      expect(await call(second, Probe.Peek, marked(address)), place).toEqual(before.get(place));
    }
    second.close();
  });
});
