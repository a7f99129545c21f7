import { AsyncLocalStorage } from "node:async_hooks";
import { setImmediate as turn } from "node:timers/promises";
import { errorNumbers, RecordKind } from "@twinwall/abi";
import { CallFlag } from "@twinwall/vmm";
import { beforeEach, describe, expect, it } from "vitest";
import { hostProblem } from "../src/host.js";
import { Guest, words } from "./support/guest.js";
import { call, callAsync, guestMachine, limits, milliseconds } from "./support/machines.js";

const noKvm = hostProblem();
const bytes = (...values: number[]) => new Uint8Array(values);

beforeEach((context) => context.skip(noKvm !== undefined, noKvm));

describe("an asynchronous call", () => {
  it("gives the output in an array of the receiver's own", async () => {
    const machine = guestMachine();
    const first = await callAsync(machine, Guest.Echo, bytes(1, 2, 3)).reply;
    const second = await callAsync(machine, Guest.Echo, bytes(4, 5)).reply;
    expect(first).toEqual({ status: 3, output: bytes(1, 2, 3) });
    expect(second).toEqual({ status: 2, output: bytes(4, 5) });
    expect(second.output.buffer).not.toBe(first.output.buffer);
    expect((await callAsync(machine, Guest.Echo).reply).output).toEqual(bytes());
    const long = new Uint8Array(60_000).map((_, index) => index % 251);
    expect((await callAsync(machine, Guest.Echo, long).reply).output).toEqual(long);
    machine.close();
  });

  it("has copied its input when it returns", async () => {
    const machine = guestMachine();
    const input = bytes(1, 2, 3);
    const { reply } = callAsync(machine, Guest.Echo, input);
    input.fill(9);
    expect((await reply).output).toEqual(bytes(1, 2, 3));
    machine.close();
  });

  it("lets the event loop turn while the guest runs", async () => {
    const machine = guestMachine();
    machine.configure(milliseconds(30));
    let over = false;
    const { reply } = callAsync(machine, Guest.Loop);
    void reply.then(() => {
      over = true;
    });
    let turns = 0;
    for (; !over; turns++) await turn();
    expect(turns).toBeGreaterThan(2);
    expect(await reply).toEqual({ status: -errorNumbers.E_DEADLINE, output: bytes() });
    machine.close();
  });

  it("shares a session with calls on this thread", async () => {
    const machine = guestMachine();
    const sequence: Uint8Array[] = [];
    for (let round = 0; round < 3; round++) {
      sequence.push(
        (await callAsync(machine, Guest.Count, bytes(), () => -1, CallFlag.Continues).reply).output,
      );
      sequence.push(call(machine, Guest.Count, bytes(), CallFlag.Continues).output);
    }
    expect(sequence).toEqual([1, 2, 3, 4, 5, 6].map((count) => words(count)));
    expect(machine.restore()).toBe(0);
    expect((await callAsync(machine, Guest.Count).reply).output).toEqual(words(1));
    expect((await callAsync(machine, Guest.Count).reply).output).toEqual(words(1));
    expect(machine.stats().calls).toBe(8);
    machine.close();
  });

  it("is held to the limits of any call", async () => {
    const machine = guestMachine({ limits: { ...limits, inputBytes: 100, outputBytes: 50 } });
    const failing = async (input: Uint8Array) => {
      const { status } = await callAsync(machine, Guest.Echo, input).reply;
      const { code, message } = machine.failure();
      expect(status).toBe(-code);
      return [code, message];
    };
    const sync = (input: Uint8Array) => {
      expect(call(machine, Guest.Echo, input).status).toBe(-errorNumbers.E_LIMIT);
      const { code, message } = machine.failure();
      return [code, message];
    };
    for (const length of [51, 101, 5000]) {
      const input = new Uint8Array(length);
      expect(await failing(input)).toEqual(sync(input));
    }
    expect((await callAsync(machine, Guest.Echo, new Uint8Array(50)).reply).status).toBe(50);
    machine.close();
  });

  it("refuses an input that is no Uint8Array as a call does", async () => {
    const machine = guestMachine();
    const wrong = "text" as unknown as Uint8Array;
    expect((await callAsync(machine, Guest.Echo, wrong).reply).status).toBe(-errorNumbers.E_TYPE);
    expect((await callAsync(machine, Guest.Echo, bytes(1)).reply).status).toBe(1);
    machine.close();
  });
});

describe("host functions of an asynchronous call", () => {
  it("answer at once, or by a promise", async () => {
    const machine = guestMachine();
    const asked: unknown[] = [];
    const now = callAsync(machine, Guest.Ask, bytes(1, 2), (hostFunction, input) => {
      asked.push(hostFunction, input);
      return bytes(3, 4, 5);
    });
    expect((await now.reply).output).toEqual(bytes(3, 4, 5));
    expect(asked).toEqual([7, bytes(1, 2)]);
    const later = callAsync(machine, Guest.Ask, bytes(6), async (_, input) => {
      await turn();
      return bytes(...input, 7);
    });
    expect((await later.reply).output).toEqual(bytes(6, 7));
    expect(machine.stats().hostCalls).toBe(1);
    machine.close();
  });

  const fails: [string, () => unknown, number][] = [
    ["a code", () => -errorNumbers.E_ABORTED, errorNumbers.E_ABORTED],
    ["a promise of a code", async () => -errorNumbers.E_MEMORY, errorNumbers.E_MEMORY],
    ["no code that there is", () => -9999, errorNumbers.E_HOST_FUNCTION],
    ["a success without bytes", () => 0, errorNumbers.E_HOST_FUNCTION],
    ["nothing", () => undefined, errorNumbers.E_HOST_FUNCTION],
    ["a promise of nothing", async () => undefined, errorNumbers.E_HOST_FUNCTION],
    ["a text", () => "text", errorNumbers.E_HOST_FUNCTION],
  ];
  it.each(fails)("may answer with %s", async (_, answer, code) => {
    const machine = guestMachine();
    const serve = answer as () => number;
    expect((await callAsync(machine, Guest.Ask, bytes(1), serve).reply).status).toBe(-code);
    expect(machine.failure().code).toBe(code);
    expect((await callAsync(machine, Guest.Ask, bytes(1), () => bytes(2)).reply).output).toEqual(bytes(2));
    machine.close();
  });

  it.each<[string, () => never | Promise<never>]>([
    [
      "throws",
      () => {
        throw new Error("against the contract");
      },
    ],
    ["rejects", () => Promise.reject(new Error("against the contract"))],
  ])("that %s has failed", async (_, serve) => {
    const machine = guestMachine();
    const { status } = await callAsync(machine, Guest.Ask, bytes(1), serve).reply;
    expect(status).toBe(-errorNumbers.E_HOST_FUNCTION);
    machine.close();
  });

  it("may answer as much as an input may hold", async () => {
    const machine = guestMachine({ limits: { ...limits, inputBytes: 1000 } });
    const answer = new Uint8Array(1000).fill(7);
    expect((await callAsync(machine, Guest.Ask, bytes(1), async () => answer).reply).output).toEqual(answer);
    const tooMuch = callAsync(machine, Guest.Ask, bytes(1), async () => new Uint8Array(1001));
    expect((await tooMuch.reply).status).toBe(-errorNumbers.E_LIMIT);
    machine.close();
  });

  it("come in the order of the guest, records between them", async () => {
    const COUNT = 200;
    const heard: string[] = [];
    const told = (data: Uint8Array) => new DataView(data.buffer, data.byteOffset).getUint8(0);
    const machine = guestMachine({
      record: (kind, _, data) => heard.push(`record ${kind} ${told(data)}`),
    });
    const { reply } = callAsync(machine, Guest.Talk, words(COUNT), (_, input) => {
      heard.push(`call ${told(input)}`);
      return told(input) % 2 === 0 ? bytes() : turn(bytes());
    });
    expect((await reply).status).toBe(0);
    const expected = Array.from({ length: COUNT }, (_, index) => [
      `record ${RecordKind.Stdout} ${index}`,
      `call ${index}`,
    ]);
    expect(heard).toEqual(expected.flat());
    expect(machine.stats().hostCalls).toBe(COUNT);
    machine.close();
  });

  it("hear every record before the reply, however many there are", async () => {
    const [COUNT, BYTES] = [3000, 1000];
    let [count, total] = [0, 0];
    const machine = guestMachine({
      record: (kind, hostFunction, data) => {
        expect([kind, hostFunction]).toEqual([RecordKind.Stderr, 0]);
        count++;
        total += data.length;
      },
    });
    expect((await callAsync(machine, Guest.Print, words(COUNT, BYTES)).reply).status).toBe(0);
    expect([count, total]).toEqual([COUNT, COUNT * BYTES]);
    machine.configure({ ...limits, outboxBytes: 1016 * 10 });
    const { status } = await callAsync(machine, Guest.Print, words(COUNT, BYTES)).reply;
    expect(status).toBe(-errorNumbers.E_LIMIT);
    expect(count).toBe(COUNT + 10);
    machine.close();
  });

  it("may wait for calls of other machines", async () => {
    const machines = Array.from({ length: 12 }, () => guestMachine());
    const ask = async (depth: number): Promise<Uint8Array> => {
      const machine = machines[depth];
      if (machine === undefined) return bytes(depth);
      const { reply } = callAsync(machine, Guest.Ask, bytes(depth), async (_, input) =>
        bytes(...input, ...(await ask(depth + 1))),
      );
      return (await reply).output;
    };
    for (let round = 0; round < 3; round++) {
      expect(await ask(0)).toEqual(bytes(...Array.from({ length: 13 }, (_, index) => index)));
    }
    for (const machine of machines) machine.close();
  });

  it("run in the context of their caller, and so do records", async () => {
    const storage = new AsyncLocalStorage<number>();
    const seen: (number | undefined)[] = [];
    const one = async () => {
      const machine = guestMachine({ record: () => seen.push(storage.getStore()) });
      const { reply } = callAsync(machine, Guest.Talk, words(2), () => {
        seen.push(storage.getStore());
        return bytes();
      });
      await reply;
      seen.push(storage.getStore());
      machine.close();
    };
    for (const caller of [1, 2]) await storage.run(caller, one);
    expect(seen).toEqual([1, 1, 1, 1, 1, 2, 2, 2, 2, 2]);
  });
});

it("many machines call at the same time", async () => {
  const machines = Array.from({ length: 24 }, () => guestMachine());
  for (let round = 0; round < 20; round++) {
    const replies = machines.map(async (machine, index) => {
      const target = index % 3 === 0 ? Guest.Ask : Guest.Echo;
      const { reply } = callAsync(machine, target, bytes(index, round), async (_, input) => {
        await turn();
        return input;
      });
      return (await reply).output;
    });
    expect(await Promise.all(replies)).toEqual(machines.map((_, index) => bytes(index, round)));
  }
  for (const machine of machines) machine.close();
});
