import { CallKind, errorCodeOf } from "@twinwall/abi";
import { CallFlag } from "@twinwall/vmm";
import { afterAll, describe, expect, it } from "vitest";
import type { SoftSnapshot } from "../src/snapshot.js";
import { AnswerReader, AnswerWriter, makeChannel } from "../src/workers/channel.js";
import { workerPool } from "../src/workers/pool.js";
import { bootProbe, limits, Probe, probeMachine } from "./support/probe.js";

const snapshot = bootProbe() as SoftSnapshot;
afterAll(() => snapshot.close());

const echoed = Uint8Array.of(1, 2, 3, 4);
const host = { hostCall: () => -6, outbox: () => {} };
const job = {
  machine: -1,
  kind: CallKind.Bytes,
  target: Probe.Echo,
  flags: CallFlag.Restore,
  input: echoed,
  limits: { ...limits, deadlineUs: 0 },
  state: undefined,
};

async function echoes(): Promise<boolean> {
  const machine = probeMachine(snapshot);
  const { status } = await machine.callAsync(CallKind.Bytes, Probe.Echo, CallFlag.Restore, echoed, () => -6)
    .reply;
  machine.close();
  return status === echoed.length;
}

describe("Workers", () => {
  it("that die fail their call with a typed error and are replaced", async () => {
    // What no snapshot has: the Worker fails on it as it would on a fault of its own.
    const broken = { ...snapshot.parts, plan: undefined } as never;
    for (let round = 0; round < 3; round += 1) {
      const { outcome } = workerPool.run({ id: -1 - round, parts: broken }, job, host, undefined);
      const { failure } = await outcome;
      expect(errorCodeOf(failure.code)).toBe("E_INTERNAL");
      expect(failure.message).toContain("the Worker of the call ended");
      expect(await echoes()).toBe(true);
    }
  });

  it("are as many as there may be, and further calls wait their turn", async () => {
    const machines = Array.from({ length: 40 }, () => probeMachine(snapshot));
    // Their input is copied at once, also where `slice` would not.
    const input = Buffer.from(echoed);
    const calls = machines.map((machine) =>
      machine.callAsync(CallKind.Bytes, Probe.Echo, CallFlag.Restore, input, () => -6),
    );
    input.fill(0);
    const replies = await Promise.all(calls.map(({ reply }) => reply));
    expect(replies.map(({ output }) => output)).toEqual(machines.map(() => echoed));
    for (const machine of machines) machine.close();
  });

  it("let a call that waits for its turn be ended", async () => {
    const machines = Array.from({ length: 20 }, () => probeMachine(snapshot));
    const calls = machines.map((machine) =>
      machine.callAsync(CallKind.Bytes, Probe.Spin, CallFlag.Restore, echoed, () => -6),
    );
    for (const call of calls) call.end(19);
    for (const { reply } of calls) expect(errorCodeOf(-(await reply).status)).toBe("E_ABORTED");
    expect(await echoes()).toBe(true);
    for (const machine of machines) machine.close();
  });
});

describe("the channel of answers", () => {
  it("carries bytes of any length in pieces, and error codes", () => {
    const buffer = makeChannel();
    if (buffer === undefined) throw new Error("Node has shared memory");
    const [writer, reader] = [new AnswerWriter(buffer), new AnswerReader(buffer)];
    for (const length of [0, 1, 65_536, 65_537, 300_000]) {
      const bytes = Uint8Array.from({ length }, (_, index) => index % 251);
      // Both sides on one thread: the question is answered before the reader waits.
      expect(
        reader.read(
          () => writer.write(bytes),
          () => writer.next(),
          300_000,
        ),
      ).toEqual(bytes);
    }
    const ask = (answer: Uint8Array | number) =>
      reader.read(
        () => writer.write(answer),
        () => writer.next(),
        10,
      );
    expect(ask(-6)).toBe(-6);
    expect(ask(new Uint8Array(11))).toEqual({ tooLong: 11 });
  });
});
