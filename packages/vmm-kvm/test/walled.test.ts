import { errorNumbers } from "@twinwall/abi";
import { CallFlag } from "@twinwall/vmm";
import { beforeEach, describe, expect, it } from "vitest";
import { countInstructions, openKvmDriver, openWalledKvmDriver } from "../src/driver.js";
import { hostProblem } from "../src/host.js";
import { Guest, guestImage, words } from "./support/guest.js";
import { call, callAsync, deferred, guestMachine, limits, milliseconds } from "./support/machines.js";

const noKvm = hostProblem();
beforeEach((context) => context.skip(noKvm !== undefined, noKvm));

/** A machine in a worker process, and the number of that. */
function walledMachine(options: Parameters<typeof guestMachine>[0] = {}) {
  return guestMachine(options, openWalledKvmDriver());
}

describe("the driver behind the process wall", () => {
  it("is another than that without, and says what it found", () => {
    const [plain, walled] = [openKvmDriver(), openWalledKvmDriver()];
    expect(walled).toBe(openWalledKvmDriver());
    expect([plain.isolation, walled.isolation]).toEqual(["none", "process"]);
    expect([plain.machine, walled.machine]).toEqual(["kvm", "kvm"]);
    expect(walled.description).toContain(plain.description);
    expect(walled.description).toMatch(/workers enter machines with their system calls filtered/);
    expect(walled.processor).toBe(plain.processor);
    expect(walled.attachmentAddresses([1, 2])).toEqual(plain.attachmentAddresses([1, 2]));
  });

  it("refuses what is no image, and states that no guest can have", () => {
    const request = { image: new Uint8Array(64), attachments: [], limits, memories: 1, recycle: false };
    const rest = { input: new Uint8Array(0), seed: undefined, hostCall: () => -1, record: () => {} };
    expect(() => openWalledKvmDriver().boot({ ...request, ...rest })).toThrow(/not a well-formed ELF file/);
    const state = { registers: new Uint8Array(128), runs: [], ends: [] };
    const load = { ...request, image: guestImage(), state };
    expect(() => openWalledKvmDriver().load(load)).toThrow(/E_BAD_SNAPSHOT/);
  });

  it("counts no instructions", () => {
    const machine = walledMachine();
    const status = countInstructions(machine, 1, Guest.Echo, new Uint8Array(0));
    expect(status).toBe(-errorNumbers.E_UNSUPPORTED);
    expect(machine.failure().message).toMatch(/worker process does not count/);
    expect(call(machine, Guest.Echo, words(1)).status).toBe(8);
    machine.close();
  });

  it("makes calls of both kinds, with host calls, records and sessions", async () => {
    const seen: unknown[] = [];
    const machine = walledMachine({
      hostCall: (hostFunction, input) => {
        seen.push([hostFunction, input.length]);
        return Uint8Array.from(input).reverse();
      },
      record: (kind, _, data) => seen.push([kind, data.length]),
    });
    expect(call(machine, Guest.Ask, Uint8Array.of(1, 2, 3)).output).toEqual(Uint8Array.of(3, 2, 1));
    expect(call(machine, Guest.Talk, words(2)).status).toBe(0);
    expect(seen).toEqual([
      [7, 3],
      [1, 8],
      [7, 8],
      [1, 8],
      [7, 8],
    ]);
    const answer = async (_: number, input: Uint8Array) => Promise.resolve(Uint8Array.from(input));
    const { status, output } = await callAsync(machine, Guest.Ask, Uint8Array.of(4, 5), answer).reply;
    expect([status, output]).toEqual([2, Uint8Array.of(4, 5)]);
    expect([1, 2].map(() => call(machine, Guest.Count, undefined, CallFlag.None).output[0])).toEqual([1, 2]);
    expect(machine.restore()).toBe(0);
    expect(call(machine, Guest.Count).output[0]).toBe(1);
    machine.close();
  });

  it("is put back behind the reply, and replaced where it must be", async () => {
    const machine = walledMachine({ limits: milliseconds(5000) });
    const after = callAsync(machine, Guest.Count, undefined, undefined, CallFlag.RestoreAfter);
    expect((await after.reply).output[0]).toBe(1);
    expect(await after.restored).toBe(0);
    // The guest asks, and is ended while it waits: it has been entered by then.
    const asked = deferred<void>();
    const serve = () => {
      asked.resolve();
      return new Promise<number>(() => {});
    };
    const loop = callAsync(machine, Guest.Ask, words(1), serve, CallFlag.RestoreAfter);
    await asked.promise;
    loop.end(errorNumbers.E_ABORTED);
    expect((await loop.reply).status).toBe(-errorNumbers.E_ABORTED);
    expect(await loop.restored).toBe(1);
    expect(call(machine, Guest.Count).output[0]).toBe(1);
    expect(await machine.restoreAsync(true)).toBe(1);
    expect(call(machine, Guest.Count).output[0]).toBe(1);
    machine.close(true);
    expect(call(machine, Guest.Count).status).toBe(-errorNumbers.E_DISPOSED);
  });

  it("tells its worker process, another one after each failure that took it along", () => {
    const machine = walledMachine();
    const numbers = new Set<unknown>();
    for (let round = 0; round < 3; round += 1) {
      numbers.add("process" in machine && machine.process);
      machine.configure(milliseconds(20));
      expect(call(machine, Guest.Loop).status).toBe(-errorNumbers.E_DEADLINE);
      expect("process" in machine && machine.process).toBeNull();
      machine.configure(limits);
      expect(call(machine, Guest.Count).output[0]).toBe(1);
    }
    expect(numbers.size).toBe(3);
    machine.close();
  });
});
