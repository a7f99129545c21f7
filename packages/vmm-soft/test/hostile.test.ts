import { CallKind, errorCodeOf, errorNumbers, reportLayout, writeStruct } from "@twinwall/abi";
import { CallFlag, type Machine } from "@twinwall/vmm";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { bootProbe, limits, Probe, probeMachine } from "./support/probe.js";

const snapshot = bootProbe();
afterAll(() => snapshot.close());

const output = new Uint8Array(128);
const echoed = Uint8Array.of(1, 2, 3, 4);

function call(machine: Machine, probe: number, input: Uint8Array = new Uint8Array(0)): number {
  return machine.call(CallKind.Bytes, probe, CallFlag.Restore, input, output);
}

/** Whether the machine answers rightly now. */
function works(machine: Machine): boolean {
  const length = call(machine, Probe.Echo, echoed);
  return (
    length === echoed.length && output.subarray(0, length).every((byte, index) => byte === echoed[index])
  );
}

const reportBytes = 104;

/** A report as bytes; what is not given is zero. */
function report(fields: Partial<Record<keyof typeof reportLayout, number | bigint>>): Uint8Array {
  const bytes = new Uint8Array(reportBytes);
  writeStruct(new DataView(bytes.buffer), 0, reportLayout, fields as never);
  return bytes;
}

describe("a hostile image", () => {
  it.each<[string, number, Parameters<typeof report>[0], string, string]>([
    ["another operation at the end", Probe.Report, { operation: 3 }, "E_BAD_REPLY", "without being done"],
    ["no operation at its gate", Probe.Gate, { operation: 99 }, "E_BAD_REPLY", "does not exist"],
    [
      "an answer to another request",
      Probe.Report,
      { operation: 2, requestId: 77n },
      "E_BAD_REPLY",
      "another request",
    ],
    [
      "an outbox longer than its area",
      Probe.Gate,
      { operation: 5, outboxLength: 8193n },
      "E_BAD_REPLY",
      "longer than the area",
    ],
    [
      "an outbox of 2^64-1 bytes",
      Probe.Gate,
      { operation: 5, outboxLength: 2n ** 64n - 1n },
      "E_BAD_REPLY",
      "longer than the area",
    ],
    [
      "an outbox that holds no records",
      Probe.Gate,
      { operation: 5, outboxLength: 8n },
      "E_BAD_REPLY",
      "malformed",
    ],
    [
      "host-call arguments of 4 GiB",
      Probe.Gate,
      { operation: 3, outputLength: 2n ** 32n },
      "E_LIMIT",
      "the limit is 65536",
    ],
    [
      "host-call arguments outside the area",
      Probe.Gate,
      { operation: 3, outputAddress: 16n, outputLength: 64n },
      "E_BAD_REPLY",
      "the arguments of a host call",
    ],
    [
      "host-call arguments that wrap around",
      Probe.Gate,
      { operation: 3, outputAddress: 2n ** 64n - 8n, outputLength: 64n },
      "E_BAD_REPLY",
      "the arguments of a host call",
    ],
    ["an abort", Probe.Gate, { operation: 6 }, "E_BAD_REPLY", "gave up"],
  ])("%s ends the call, typed, and the next one is right", (_, probe, fields, code, message) => {
    const machine = probeMachine(snapshot);
    expect(errorCodeOf(-call(machine, probe, report(fields)))).toBe(code);
    expect(machine.failure().message).toContain(message);
    expect(works(machine)).toBe(true);
    machine.close();
  });

  it.each([
    ["traps", Probe.Trap, "E_BAD_REPLY"],
    ["recurses for ever", Probe.Recurse, "E_INTERNAL"],
  ] as const)("that %s is replaced", (_, probe, code) => {
    const machine = probeMachine(snapshot);
    for (let round = 0; round < 5; round += 1) {
      expect(errorCodeOf(-call(machine, probe))).toBe(code);
      expect(works(machine)).toBe(true);
    }
    machine.close();
  });

  it("gets memory by asking only, within its windows and its budget", () => {
    const machine = probeMachine(snapshot);
    const ask = (address: bigint, length: bigint): void => {
      call(machine, Probe.Gate, report({ operation: 4, growAddress: address, growLength: length }));
    };
    for (const [address, length] of [
      [0n, 4096n],
      [1n, 4096n],
      [2n ** 64n - 4096n, 8192n],
      [2n ** 32n, 4096n],
      [2n ** 53n, 2n ** 53n],
      [0x80000n, 2n ** 31n],
    ] as const) {
      ask(address, length);
      expect(machine.stats().openedBytes).toBe(0);
      expect(works(machine)).toBe(true);
    }
    machine.close();
  });

  it("that writes everywhere leaves nothing of it in what a restore covers", () => {
    const machine = probeMachine(snapshot);
    expect(call(machine, Probe.Scribble)).toBe(0);
    expect(works(machine)).toBe(true);
    machine.close();
  });

  it("that grows its memory behind the host's back goes on, or is replaced", () => {
    const machine = probeMachine(snapshot);
    for (let round = 0; round < 40; round += 1) {
      expect(call(machine, Probe.Grow)).toBe(0);
      expect(works(machine)).toBe(true);
    }
    machine.close();
  });

  it("only ever gets typed errors for random reports", () => {
    const machine = probeMachine(snapshot, (_, input) => input.slice(0, 16));
    const numbers = new Set<number>(Object.values(errorNumbers));
    fc.assert(
      fc.property(
        fc.constantFrom(Probe.Report, Probe.Gate),
        fc.uint8Array({ minLength: reportBytes, maxLength: reportBytes }),
        fc.integer({ min: 0, max: 8 }),
        (probe, bytes, operation) => {
          bytes.set([operation, 0, 0, 0]);
          const status = call(machine, probe, bytes);
          if (status < 0) expect(numbers.has(-status)).toBe(true);
          else expect(status).toBeLessThanOrEqual(limits.outputBytes);
          expect(works(machine)).toBe(true);
        },
      ),
      { numRuns: 2000, seed: 7 },
    );
    machine.close();
  });

  it("cannot keep a Worker: the deadline ends it, and the next call is right", async () => {
    const machine = snapshot.machine(
      { ...limits, deadlineUs: 50_000 },
      () => -6,
      () => {},
    );
    for (let round = 0; round < 2; round += 1) {
      const spin = machine.callAsync(
        CallKind.Bytes,
        Probe.Spin,
        CallFlag.Restore,
        new Uint8Array(0),
        () => -6,
      );
      expect(errorCodeOf(-(await spin.reply).status)).toBe("E_DEADLINE");
      const echo = machine.callAsync(CallKind.Bytes, Probe.Echo, CallFlag.Restore, echoed, () => -6);
      expect(await echo.reply).toEqual({ status: echoed.length, output: echoed });
    }
    machine.close();
  });
});

describe("an image that is none", () => {
  it.each([
    ["no WebAssembly", Uint8Array.of(1, 2, 3)],
    ["without a header", Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)],
  ])("%s is refused", (_, image) => {
    expect(() => bootProbe(image)).toThrow(/E_INTERNAL: the image of the soft machine is refused/);
  });
});
