import type { CallCodec } from "@twinwall/abi";
import type { Caller } from "./caller.js";
import { callWith, callWithAsync } from "./codec-calls.js";
import type { CallOptions } from "./options.js";
import { checkCallOptions } from "./parse-options.js";
import type { SandboxSnapshot, SnapshotOptions } from "./snapshot/options.js";
import { takeSnapshot } from "./snapshot/take.js";
import type { ArgumentsOf, DynamicWorld, FunctionName, ResultOf, WorldTypes } from "./world-types.js";

const noBytes = new Uint8Array(0);

/**
 * An open call context: the guest's state is kept from call to call until `finish()`.
 *
 * A call that traps, times out or breaks a limit ends the session: the state is restored, and later calls are
 * `E_DISPOSED`. A failure that the guest reports (`E_GUEST_ERROR`) does not.
 */
export class Session<Types extends WorldTypes = DynamicWorld> {
  readonly #caller: Caller;
  /** @private Internal: `Sandbox.session` makes sessions. */
  constructor(caller: Caller) {
    this.#caller = caller;
    caller.open(this);
  }

  /** Whether calls are still possible: not finished, and not ended by a failed call. */
  get open(): boolean {
    return this.#caller.isOpen(this);
  }

  /**
   * Calls a function on values; see {@link Sandbox.call}.
   *
   * A resource of the component's comes as an object with the methods that WIT declares; it may be used until the session
   * is finished, or it is dropped by its `[Symbol.dispose]()`.
   */
  call<Name extends FunctionName<Types>>(
    name: Name,
    ...values: ArgumentsOf<Types, Name>
  ): ResultOf<Types, Name> {
    return this.#caller.call(this, name, values) as ResultOf<Types, Name>;
  }

  /** Calls a bytes function; see {@link Sandbox.callBytes}. */
  callBytes(name: string, input: Uint8Array = noBytes): Uint8Array {
    return this.#caller.callBytes(this, name, input);
  }

  /** Calls a bytes function without allocating; see {@link Sandbox.callInto}. */
  callInto(name: string, input: Uint8Array, output: Uint8Array): number {
    return this.#caller.callInto(this, name, input, output);
  }

  /**
   * Calls a function on bytes with a value: the codec writes what goes in, and reads what comes out.
   *
   * @throws TwinwallError As `callBytes`; `E_TYPE` for a value that the codec cannot write, `E_BAD_REPLY` for a reply that it
   * cannot read: what the guest did is undone then, and a session over.
   */
  callWith<Into, OutOf>(codec: CallCodec<Into, OutOf>, name: string, value: Into): OutOf {
    return callWith(this.#caller, this, codec, name, value);
  }

  /** The same on a thread of its own; see `callAsync`. */
  async callWithAsync<Into, OutOf>(
    codec: CallCodec<Into, OutOf>,
    name: string,
    value: Into,
    options?: CallOptions,
  ): Promise<OutOf> {
    return await callWithAsync(this.#caller, this, codec, name, value, checkCallOptions(options));
  }

  /** Calls a bytes function once for each input, in one entry; see {@link Sandbox.callMany}. */
  callMany(name: string, inputs: readonly Uint8Array[]): Uint8Array[] {
    return this.#caller.callMany(this, name, inputs);
  }

  /** Calls a bytes function on a thread of its own, and goes on with the session; see {@link Sandbox.callAsync}. */
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
    return await this.#caller.callAsync(this, name, input, checkCallOptions(options));
  }

  /**
   * The state of the guest as it is now, after a warm-up say; see {@link Sandbox.snapshot}. The session goes on.
   *
   * @throws TwinwallError As `Sandbox.snapshot`; `E_UNSUPPORTED` in a component, whose resources would be nobody's.
   */
  async snapshot(options: SnapshotOptions = {}): Promise<SandboxSnapshot> {
    return await takeSnapshot(this.#caller.parts, () => this.#caller.save(this), options);
  }

  /** Ends the session: the sandbox is restored to its snapshot. Does nothing the second time. */
  finish(): void {
    this.#caller.finish(this);
  }

  /** The same as `finish()`. */
  [Symbol.dispose](): void {
    this.finish();
  }
}
