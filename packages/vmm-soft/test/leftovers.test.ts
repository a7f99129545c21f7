import { CallKind, GateOperation, reportLayout, writeStruct } from "@twinwall/abi";
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

/** The report of a guest that asks for one page at that address. */
function growth(address: number): Uint8Array {
  const bytes = new Uint8Array(104);
  const fields = { operation: GateOperation.Grow, growAddress: BigInt(address), growLength: 4096n };
  writeStruct(new DataView(bytes.buffer), 0, reportLayout, fields as never);
  return bytes;
}

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

describe("memory that opens", () => {
  it.each([
    ["to a later call of the same machine", false],
    ["to another machine", true],
  ])("is zero %s, whatever a guest wrote to it while it was closed", (_, close) => {
    const snapshot = bootProbe() as SoftSnapshot;
    const { heap } = snapshot.parts.plan;
    const address = heap.address + 64;
    const output = new Uint8Array(128);
    // In a session: the page that opens stays open for the look at it.
    const call = (machine: Machine, probe: number, input: Uint8Array, flags: number): void => {
      expect(machine.call(CallKind.Bytes, probe, flags, input, output)).toBeGreaterThanOrEqual(0);
    };
    let machine = probeMachine(snapshot);
    call(machine, Probe.Poke, marked(address), CallFlag.Restore);
    call(machine, Probe.Peek, marked(address), CallFlag.Restore);
    // No restore covers it: so the guest is in a position to leave something there.
    expect(output.subarray(0, WORD)).toEqual(marked(address));
    if (close) {
      machine.close();
      machine = probeMachine(snapshot);
    }
    call(machine, Probe.Gate, growth(heap.address), 0);
    expect(machine.stats().openedBytes).toBe(4096);
    call(machine, Probe.Peek, marked(address), 0);
    expect(output.subarray(0, WORD)).toEqual(new Uint8Array(WORD));
    machine.close();
    snapshot.close();
  });
});
