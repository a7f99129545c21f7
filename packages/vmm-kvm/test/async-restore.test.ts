import { setTimeout as delay } from "node:timers/promises";
import { errorNumbers } from "@twinwall/abi";
import { CallFlag, type Machine } from "@twinwall/vmm";
import { beforeEach, describe, expect, it } from "vitest";
import { hostProblem } from "../src/host.js";
import { Guest, words } from "./support/guest.js";
import { call, callAsync, guestMachine, limits, milliseconds } from "./support/machines.js";

const noKvm = hostProblem();
const { E_ABORTED, E_BUSY, E_DEADLINE, E_DISPOSED } = errorNumbers;
const nothing = new Uint8Array(0);

beforeEach((context) => context.skip(noKvm !== undefined, noKvm));

const count = (machine: Machine): Uint8Array => call(machine, Guest.Count, nothing, CallFlag.None).output;

const countAsync = (machine: Machine) =>
  callAsync(machine, Guest.Count, nothing, undefined, CallFlag.RestoreAfter);

describe("a restore on another thread", () => {
  it("puts the machine back, or takes a new one where that is asked for", async () => {
    const machine = guestMachine();
    for (let round = 0; round < 20; round += 1) {
      expect([count(machine), count(machine)]).toEqual([words(1), words(2)]);
      expect(await machine.restoreAsync(round % 2 === 1)).toBe(round % 2);
    }
    expect(count(machine)).toEqual(words(1));
    machine.close();
  });

  it("makes a new machine where a call had the last one thrown away", async () => {
    const machine = guestMachine();
    for (let round = 0; round < 3; round += 1) {
      machine.configure(milliseconds(5));
      expect(call(machine, Guest.Loop, nothing, CallFlag.None).status).toBe(-E_DEADLINE);
      machine.configure(limits);
      expect(await machine.restoreAsync()).toBe(1);
      expect(count(machine)).toEqual(words(1));
      expect(await machine.restoreAsync()).toBe(0);
    }
    machine.close();
  });

  it("keeps the machine busy, but for a restore, which waits for it", async () => {
    const machine = guestMachine();
    for (let round = 0; round < 50; round += 1) {
      count(machine);
      const restored = machine.restoreAsync(true);
      expect(call(machine, Guest.Count).status).toBe(-E_BUSY);
      expect(machine.failure().message).toBe("the machine is being restored");
      expect(await machine.restoreAsync()).toBe(-E_BUSY);
      if (round % 3 > 0) expect(machine.restore()).toBe(1);
      if (round % 3 > 1) expect(count(machine)).toEqual(words(1));
      expect(await restored).toBe(1);
    }
    expect(machine.restore()).toBe(0);
    machine.close();
  });

  it("ends before the machine is closed", async () => {
    const machine = guestMachine();
    count(machine);
    const restored = machine.restoreAsync(true);
    machine.close(true);
    machine.close();
    expect(await restored).toBe(1);
    expect(await machine.restoreAsync()).toBe(-E_DISPOSED);
    expect(machine.restore()).toBe(-E_DISPOSED);
  });

  it("takes over limits that were set meanwhile", async () => {
    const machine = guestMachine();
    count(machine);
    const restored = machine.restoreAsync(true);
    machine.configure(milliseconds(5));
    await restored;
    expect(call(machine, Guest.Loop).status).toBe(-E_DEADLINE);
    machine.close();
  });
});

describe("a call with a restore behind it", () => {
  it("replies first; the machine is clean when that is over", async () => {
    const machine = guestMachine();
    for (let round = 0; round < 50; round += 1) {
      const { reply, restored } = countAsync(machine);
      expect(await reply).toEqual({ status: 8, output: words(1) });
      expect(machine.stats().calls).toBe(round * 2 + 1);
      // By one of both ways.
      if (round % 2 === 0) expect(machine.restore()).toBe(0);
      expect(await restored).toBe(0);
      expect(call(machine, Guest.Count).output).toEqual(words(1));
    }
    machine.close();
  });

  it("has a new machine behind it when it was ended", async () => {
    const machine = guestMachine();
    let renewed: number | undefined = 0;
    // On a host with other work, the end may come before the call begins: then there is nothing to replace.
    for (let wait = 2; renewed === 0 && wait < 5000; wait *= 2) {
      const { reply, restored, end } = callAsync(
        machine,
        Guest.Loop,
        nothing,
        undefined,
        CallFlag.RestoreAfter,
      );
      expect(machine.restore()).toBe(-E_BUSY);
      await delay(wait);
      end(E_ABORTED);
      expect((await reply).status).toBe(-E_ABORTED);
      expect(machine.failure().code).toBe(E_ABORTED);
      renewed = await restored;
      expect(count(machine)).toEqual(words(1));
    }
    expect(renewed).toBe(1);
    machine.close();
  });

  it("may be closed at any point of it", async () => {
    for (let round = 0; round < 30; round += 1) {
      const machine = guestMachine();
      const { reply, restored } = countAsync(machine);
      if (round % 3 === 1) await reply;
      if (round % 3 === 2) await restored;
      machine.close(round % 2 === 0);
      const { status } = await reply;
      expect([8, -E_DISPOSED]).toContain(status);
      expect([0, 1]).toContain(await restored);
    }
  });

  it("that is refused leaves the machine as it was", async () => {
    const machine = guestMachine();
    const large = new Uint8Array((1 << 16) + 1);
    const { reply, restored } = callAsync(machine, Guest.Echo, large, undefined, CallFlag.RestoreAfter);
    expect((await reply).status).toBeLessThan(0);
    expect(await restored).toBe(0);
    expect(count(machine)).toEqual(words(1));
    machine.close();
  });
});
