import { type CallCodec, TwinwallError } from "@twinwall/abi";
import { callWith, callWithAsync } from "../codec-calls.js";
import type { CallOptions } from "../options.js";
import { checkCallOptions } from "../parse-options.js";
import { Session } from "../session.js";
import type { ArgumentsOf, DynamicWorld, FunctionName, ResultOf, WorldTypes } from "../world-types.js";
import type { PoolMachines } from "./machines.js";
import type { PooledMachine } from "./pooled-machine.js";

const noBytes = new Uint8Array(0);

/**
 * A sandbox that is lent by a pool until it is released. As with a sandbox of one's own, each call starts from the
 * snapshot, and a session keeps state over several.
 */
export class PooledSandbox<Types extends WorldTypes = DynamicWorld> {
  readonly #machines: PoolMachines;
  #lent: PooledMachine | undefined;

  /** @private Internal: `Pool.acquire` makes these. */
  constructor(machines: PoolMachines, machine: PooledMachine) {
    this.#machines = machines;
    this.#lent = machine;
  }

  /** Whether it has not been released. */
  get held(): boolean {
    return this.#lent !== undefined;
  }

  /** Calls a function on values; see {@link Sandbox.call}. */
  call<Name extends FunctionName<Types>>(
    name: Name,
    ...values: ArgumentsOf<Types, Name>
  ): ResultOf<Types, Name> {
    const machine = this.#machine();
    return machine.call(machine.root, name, values) as ResultOf<Types, Name>;
  }

  /** Calls a function on bytes; see {@link Sandbox.callBytes}. */
  callBytes(name: string, input: Uint8Array = noBytes): Uint8Array {
    const machine = this.#machine();
    return machine.callBytes(machine.root, name, input);
  }

  /** Calls a function on bytes without allocating; see {@link Sandbox.callInto}. */
  callInto(name: string, input: Uint8Array, output: Uint8Array): number {
    const machine = this.#machine();
    return machine.callInto(machine.root, name, input, output);
  }

  /** Calls a function on bytes once for each input, in one entry; see {@link Sandbox.callMany}. */
  callMany(name: string, inputs: readonly Uint8Array[]): Uint8Array[] {
    const machine = this.#machine();
    return machine.callMany(machine.root, name, inputs);
  }

  /** Calls a function on bytes with a value; see {@link Sandbox.callWith}. */
  callWith<Into, OutOf>(codec: CallCodec<Into, OutOf>, name: string, value: Into): OutOf {
    const machine = this.#machine();
    return callWith(machine, machine.root, codec, name, value);
  }

  /** Calls a function on bytes on a thread of its own; see {@link Sandbox.callAsync}. */
  callAsync(name: string, input?: Uint8Array, options?: CallOptions): Promise<Uint8Array>;
  /** Calls a function on values on a thread of its own; see {@link Sandbox.callAsync}. */
  callAsync<Name extends FunctionName<Types>>(
    name: Name,
    values: Readonly<ArgumentsOf<Types, Name>>,
    options?: CallOptions,
  ): Promise<ResultOf<Types, Name>>;
  async callAsync(
    name: string,
    input: Uint8Array | readonly unknown[] = noBytes,
    options?: CallOptions,
  ): Promise<unknown> {
    const machine = this.#machine();
    return await machine.callAsync(machine.root, name, input, checkCallOptions(options));
  }

  /** Calls a function on bytes with a value, on a thread of its own. */
  async callWithAsync<Into, OutOf>(
    codec: CallCodec<Into, OutOf>,
    name: string,
    value: Into,
    options?: CallOptions,
  ): Promise<OutOf> {
    const machine = this.#machine();
    return await callWithAsync(machine, machine.root, codec, name, value, checkCallOptions(options));
  }

  /**
   * Opens a session; until it is finished, other calls are `E_BUSY`. It ends with the release.
   *
   * @throws TwinwallError `E_BUSY` when one is open already.
   */
  session(): Session<Types> {
    return new Session<Types>(this.#machine());
  }

  /**
   * Gives the machine back to the pool, which puts it back to the snapshot. An open session ends, and an asynchronous call
   * under way with `E_DISPOSED`. Does nothing the second time.
   *
   * @throws TwinwallError `E_BUSY` from within a host function of a synchronous call of this sandbox; `E_HOST_FUNCTION` when
   * a resource of the host's cannot be let go, but it is released then.
   */
  release(): void {
    const machine = this.#lent;
    if (machine === undefined) return;
    if (machine.running === "here") {
      throw new TwinwallError(
        "E_BUSY",
        "a call is running on the sandbox; a host function may not release it",
      );
    }
    this.#lent = undefined;
    if (machine.running === "elsewhere") {
      this.#machines.abandon(machine);
      return;
    }
    try {
      machine.finishSession();
    } finally {
      this.#machines.giveBack(machine);
    }
  }

  /** The same as `release()`. */
  [Symbol.dispose](): void {
    this.release();
  }

  /** The same as `release()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
  }

  #machine(): PooledMachine {
    if (this.#lent !== undefined) return this.#lent;
    throw new TwinwallError("E_DISPOSED", "the sandbox was released to its pool");
  }
}
