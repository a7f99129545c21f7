import assert from "node:assert/strict";
import { CallKind, errorCodeOf, FUEL_UNLIMITED, reportLayout, writeStruct } from "@twinwall/abi";
import {
  type AsyncHostCallHandler,
  CallFlag,
  type Driver,
  type HostCallHandler,
  type Machine,
  type MachineLimits,
  type RecordHandler,
  type Snapshot,
} from "@twinwall/vmm";
import type { Ending } from "../check.js";

/** Limits of a hostile image: small ones, so that what breaks them is near. */
export const limits: MachineLimits = {
  memoryBytes: 2 ** 20,
  inputBytes: 2 ** 20,
  outputBytes: 65_536,
  outboxBytes: 65_536,
  hostCalls: 100,
  hostBytes: 1 << 30,
  cpuTimeUs: 0,
  deadlineUs: 1_000_000,
  fuel: FUEL_UNLIMITED,
};

/** An image that runs whatever the attacker likes, and how its host sees that it is well. */
export interface HostileImage {
  readonly image: Uint8Array;
  /** Function numbers by the name of what they do. */
  readonly functions: ReadonlyMap<string, number>;
  /** Functions that answer with zeros on a clean slate, whatever calls before them kept. */
  readonly zeros: readonly number[];
}

/** How a call of a hostile image ended. */
export interface Outcome {
  readonly ending: Ending;
  /** The output; empty when the call failed, or was longer than 4 KiB. */
  readonly output: Uint8Array;
  readonly message: string;
}

/** What a host gives its guest. */
export interface VictimOptions {
  readonly limits?: MachineLimits;
  readonly hostCall?: HostCallHandler;
  readonly record?: RecordHandler;
}

const nothing = new Uint8Array(0);

/** Boots a hostile image. */
export function bootHostile(driver: Driver, image: Uint8Array, recycle = true): Snapshot {
  return driver.boot({
    image,
    attachments: [Uint8Array.of(1, 2, 3)],
    input: nothing,
    limits,
    memories: 1,
    seed: undefined,
    recycle,
    hostCall: () => -6,
    record: () => {},
  });
}

/** A machine that runs a hostile image. */
export class Victim {
  readonly machine: Machine;
  readonly #hostile: HostileImage;
  readonly #limits: MachineLimits;
  readonly #output = new Uint8Array(4096);
  #answer = 0;

  constructor(snapshot: Snapshot, hostile: HostileImage, options: VictimOptions = {}) {
    this.#hostile = hostile;
    this.#limits = options.limits ?? limits;
    const { hostCall = () => nothing, record = () => {} } = options;
    this.machine = snapshot.machine(this.#limits, hostCall, record);
  }

  /** Whether the image knows this attack. */
  knows(name: string): boolean {
    return this.#hostile.functions.has(name);
  }

  /** Runs an attack on a clean slate, or in a session. */
  attack(name: string, input: Uint8Array = nothing, session = false): Outcome {
    return this.#call(this.#number(name), input, session ? CallFlag.None : CallFlag.Restore);
  }

  /** Runs an attack on another thread. */
  async attackAsync(
    name: string,
    input: Uint8Array = nothing,
    serve: AsyncHostCallHandler = () => nothing,
  ): Promise<Outcome> {
    const number = this.#number(name);
    const { status, output } = await this.machine.callAsync(
      CallKind.Bytes,
      number,
      CallFlag.Restore,
      input,
      serve,
    ).reply;
    return this.#outcome(status, output);
  }

  /** Limits of the next attack; `restoreLimits` or `expectRight` end them. */
  configure(changes: Partial<MachineLimits>): void {
    this.machine.configure({ ...this.#limits, ...changes });
  }

  /** The next call on a restored machine gives the right answer, twice, from a clean slate. */
  expectRight(after: string): void {
    this.machine.configure(this.#limits);
    for (let round = 0; round < 2; round += 1) {
      this.#answer += 1;
      const input = new Uint8Array(new BigUint64Array([BigInt(this.#answer), 0x5eed_f00dn]).buffer);
      const { ending, output } = this.#call(this.#number("echo"), input, CallFlag.Restore);
      assert.equal(ending, "OK", `the call after: ${after}`);
      assert.deepEqual(output, input, `the answer after: ${after}`);
    }
    for (const number of this.#hostile.zeros) {
      const { ending, output } = this.#call(number, nothing, CallFlag.Restore);
      assert.equal(ending, "OK", `the call after: ${after}`);
      assert(output.length > 0 && output.every((byte) => byte === 0), `a clean slate after: ${after}`);
    }
  }

  close(): void {
    this.machine.close();
  }

  #number(name: string): number {
    const number = this.#hostile.functions.get(name);
    if (number === undefined) throw new Error(`the hostile image does not know: ${name}`);
    return number;
  }

  #call(number: number, input: Uint8Array, flags: number): Outcome {
    const status = this.machine.call(CallKind.Bytes, number, flags, input, this.#output);
    return this.#outcome(status, this.#output.slice(0, Math.max(0, status)));
  }

  #outcome(status: number, output: Uint8Array): Outcome {
    if (status >= 0) return { ending: "OK", output, message: "" };
    return { ending: errorCodeOf(-status), output: nothing, message: this.machine.failure().message };
  }
}

const reportBytes = 104;

/** Fields of a report. */
export type ReportFields = Partial<Record<keyof typeof reportLayout, number | bigint>>;

/** A report as bytes; what is not given is zero. */
export function report(fields: ReportFields): Uint8Array {
  const bytes = new Uint8Array(reportBytes);
  writeStruct(new DataView(bytes.buffer), 0, reportLayout, fields as never);
  return bytes;
}

/** Numbers of 64 bits one after the other. */
export function words(...values: readonly bigint[]): Uint8Array {
  return new Uint8Array(new BigUint64Array(values).buffer);
}
