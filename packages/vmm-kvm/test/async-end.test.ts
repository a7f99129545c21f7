import { setTimeout as delay, setImmediate as turn } from "node:timers/promises";
import { errorNumbers } from "@twinwall/abi";
import { CallFlag, type Machine } from "@twinwall/vmm";
import { beforeEach, describe, expect, it } from "vitest";
import { hostProblem } from "../src/host.js";
import { Guest, words } from "./support/guest.js";
import { call, callAsync, deferred, guestMachine, limits, milliseconds } from "./support/machines.js";

const noKvm = hostProblem();
const { E_ABORTED, E_BUSY, E_DEADLINE, E_DISPOSED, E_MEMORY } = errorNumbers;
const nothing = new Uint8Array(0);
const never = () => new Promise<number>(() => {});

beforeEach((context) => context.skip(noKvm !== undefined, noKvm));

/** The machine answers, from a clean slate. */
async function expectUsable(machine: Machine): Promise<void> {
  expect(call(machine, Guest.Count)).toEqual({ status: 8, output: words(1) });
  const reply = await callAsync(machine, Guest.Ask, words(5), async (_, input) => input).reply;
  expect(reply).toEqual({ status: 8, output: words(5) });
}

describe("a call that is ended", () => {
  it("fails with that code, though its guest never comes back", async () => {
    const machine = guestMachine();
    for (const wait of [0, 0, 1, 5]) {
      const { reply, end } = callAsync(machine, Guest.Loop);
      if (wait > 0) await delay(wait);
      end(E_ABORTED);
      end(E_MEMORY);
      expect(await reply).toEqual({ status: -E_ABORTED, output: nothing });
      expect(machine.failure()).toMatchObject({
        code: E_ABORTED,
        message: "the call was ended by its caller",
      });
      await expectUsable(machine);
    }
    machine.close();
  });

  it("is woken from its wait for a host function, whose answer comes too late", async () => {
    const machine = guestMachine();
    const late = deferred<Uint8Array>();
    const asked = deferred<void>();
    const { reply, end } = callAsync(machine, Guest.Ask, words(1), () => {
      asked.resolve();
      return late.promise;
    });
    await asked.promise;
    end(E_ABORTED);
    expect((await reply).status).toBe(-E_ABORTED);
    // The next call's first host call has the same number; the old answer is not for it.
    const next = callAsync(machine, Guest.Ask, words(2), async (_, input) => {
      late.resolve(words(666));
      await turn();
      await turn();
      return input;
    });
    expect((await next.reply).output).toEqual(words(2));
    await expectUsable(machine);
    machine.close();
  });

  it("may be ended from within its host function", async () => {
    const machine = guestMachine();
    const asynchronous = callAsync(machine, Guest.Ask, words(1), () => {
      asynchronous.end(E_MEMORY);
      return words(2);
    });
    expect((await asynchronous.reply).status).toBe(-E_MEMORY);
    await expectUsable(machine);
    machine.close();
  });

  it("takes its session along", async () => {
    const machine = guestMachine();
    expect(call(machine, Guest.Count, nothing, CallFlag.None).output).toEqual(words(1));
    const { reply, end } = callAsync(machine, Guest.Ask, words(1), never, CallFlag.Continues);
    await turn();
    end(E_ABORTED);
    expect((await reply).status).toBe(-E_ABORTED);
    expect(call(machine, Guest.Count, nothing, CallFlag.Continues).output).toEqual(words(1));
    machine.close();
  });

  it("does nothing once it is over, nor to the calls behind it", async () => {
    const machine = guestMachine();
    const first = callAsync(machine, Guest.Echo, words(1));
    expect((await first.reply).status).toBe(8);
    first.end(E_ABORTED);
    const second = callAsync(machine, Guest.Ask, words(2), async (_, input) => {
      first.end(E_ABORTED);
      await turn();
      return input;
    });
    expect((await second.reply).output).toEqual(words(2));
    first.end(E_ABORTED);
    await expectUsable(machine);
    machine.close();
    first.end(E_ABORTED);
  });

  it("may be over at the same moment", async () => {
    const machine = guestMachine();
    const seen = new Set<number>();
    for (let round = 0; round < 400; round++) {
      const { reply, end } = callAsync(machine, Guest.Echo, words(round));
      for (const until = performance.now() + (round % 40) / 200; performance.now() < until; );
      end(E_ABORTED);
      const { status } = await reply;
      expect([8, -E_ABORTED]).toContain(status);
      seen.add(status);
      expect(call(machine, Guest.Count).output).toEqual(words(1));
    }
    expect(seen).toContain(-E_ABORTED);
    machine.close();
  });
});

describe("a deadline", () => {
  it.each<[string, number, () => Promise<number>]>([
    ["runs on", Guest.Loop, never],
    ["waits for a host function that does not settle", Guest.Ask, never],
    ["waits for a host function that is slow", Guest.Ask, () => delay(300, -1)],
  ])("ends a guest that %s", async (_, target, serve) => {
    const machine = guestMachine();
    machine.configure(milliseconds(20));
    expect((await callAsync(machine, target, words(1), serve).reply).status).toBe(-E_DEADLINE);
    expect(machine.failure().code).toBe(E_DEADLINE);
    machine.configure(limits);
    await expectUsable(machine);
    machine.close();
  });

  it("ends a guest whose event loop is busy", async () => {
    const machine = guestMachine();
    machine.configure(milliseconds(10));
    const { reply } = callAsync(machine, Guest.Ask, words(1), async () => {
      for (const until = performance.now() + 40; performance.now() < until; );
      return words(2);
    });
    expect((await reply).status).toBe(-E_DEADLINE);
    machine.close();
  });
});

describe("while a call runs", () => {
  it.each<[string, boolean]>([
    ["from outside", false],
    ["from within a host function", true],
  ])("other uses are refused or wait, %s", async (_, within) => {
    const machine = guestMachine();
    expect(call(machine, Guest.Echo, words(1)).status).toBe(8);
    const answer = deferred<Uint8Array>();
    const before = machine.stats();
    const check = async (): Promise<void> => {
      expect(call(machine, Guest.Echo, words(2)).status).toBe(-E_BUSY);
      expect(machine.failure()).toMatchObject({
        code: E_BUSY,
        message: "an asynchronous call is running on the machine",
      });
      expect(machine.restore()).toBe(-E_BUSY);
      const second = callAsync(machine, Guest.Echo, words(3));
      expect(await second.reply).toEqual({ status: -E_BUSY, output: nothing });
      second.end(E_ABORTED);
      expect(machine.takeOutput()).toEqual(nothing);
      expect(machine.stats()).toEqual(before);
      machine.configure({ ...limits, inputBytes: 8 });
    };
    const { reply } = callAsync(machine, Guest.Ask, words(1, 2), async () => {
      if (within) await check();
      return answer.promise;
    });
    if (!within) await check();
    // More than the new limit: it holds from the next call on.
    answer.resolve(words(3, 4));
    expect((await reply).output).toEqual(words(3, 4));
    expect(call(machine, Guest.Echo, words(1, 2)).status).toBe(-errorNumbers.E_LIMIT);
    expect(machine.stats().calls).toBe(before.calls + 2);
    await expectUsable(machine);
    machine.close();
  });

  it.each<[string, number, boolean]>([
    ["that spins", Guest.Loop, false],
    ["that waits", Guest.Ask, false],
    ["from within its host function", Guest.Ask, true],
    ["that writes", Guest.Print, false],
  ])("close ends a guest %s", async (_, target, within) => {
    const machine = guestMachine();
    const { reply } = callAsync(machine, target, words(1_000_000, 1000), () => {
      if (within) machine.close();
      return never();
    });
    if (!within) {
      await turn();
      machine.close();
      machine.close();
    }
    expect(within || call(machine, Guest.Echo, words(1)).status === -E_DISPOSED).toBe(true);
    expect(await reply).toEqual({ status: -E_DISPOSED, output: nothing });
    expect(machine.failure().code).toBe(E_DISPOSED);
    machine.close();
    expect(call(machine, Guest.Echo, words(1)).status).toBe(-E_DISPOSED);
    expect((await callAsync(machine, Guest.Echo, words(1)).reply).status).toBe(-E_DISPOSED);
    expect(machine.restore()).toBe(-E_DISPOSED);
  });
});

it("a call in a host function of a call on this thread is refused", async () => {
  let nested: Promise<{ status: number }> | undefined;
  const machine: Machine = guestMachine({
    hostCall: (_, input) => {
      nested = callAsync(machine, Guest.Echo, input).reply;
      return input;
    },
  });
  expect(call(machine, Guest.Ask, words(4)).output).toEqual(words(4));
  expect((await nested)?.status).toBe(-E_BUSY);
  await expectUsable(machine);
  machine.close();
});
