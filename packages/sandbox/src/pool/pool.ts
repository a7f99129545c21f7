import { type CallCodec, checkOptionNames } from "@twinwall/abi";
import { isCallBuffer } from "../buffers.js";
import { callWith, callWithAsync } from "../codec-calls.js";
import type { FunctionTable } from "../functions.js";
import type { CallOptions, SandboxOptions } from "../options.js";
import { checkCallOptions, sandboxOptions } from "../parse-options.js";
import { type Parts, prepare } from "../prepare.js";
import { abortedError, anySignal } from "../signals.js";
import type { ArgumentsOf, DynamicWorld, FunctionName, ResultOf, WorldTypes } from "../world-types.js";
import { PoolMachines } from "./machines.js";
import { type PoolOptions, type PoolSettings, parsePoolOptions, poolOptions } from "./options.js";
import type { PooledMachine } from "./pooled-machine.js";
import { PooledSandbox } from "./pooled-sandbox.js";
import { type MachineSource, machineSource } from "./source.js";
import type { PoolStats } from "./stats.js";

const noBytes = new Uint8Array(0);

/**
 * Warm machines from one snapshot, each for one call or one lease at a time.
 *
 * Every call starts from the snapshot and leaves nothing behind. Putting a machine back to it happens behind the reply, and
 * on another thread where that is worth it, so that a call costs little more than one in a session.
 *
 * Synchronous calls need a machine that is free right now (`E_BUSY`). Asynchronous calls and leases wait for one, first
 * come, first served, within `queue` and `queueTime`. A machine whose guest ran into a deadline, or broke the machine's
 * contract, is replaced. There are never more than `max`.
 *
 * @example
 * ```ts
 * await using pool = await sandbox.pool({ max: 64 });
 * const reply = await pool.callAsync("echo", input, { signal: AbortSignal.timeout(100) });
 * ```
 */
export class Pool<Types extends WorldTypes = DynamicWorld> {
  readonly #source: MachineSource;
  readonly #machines: PoolMachines;
  readonly #functions: FunctionTable;
  #drained: Promise<void> | undefined;
  #released = false;

  private constructor(source: MachineSource, settings: PoolSettings) {
    this.#source = source;
    this.#functions = source.functions;
    this.#machines = new PoolMachines(source, settings);
  }

  /**
   * Opens a pool of a module's machines: compiles it if no cache has it, boots it if no snapshot is there, and makes the
   * machines that are kept ready.
   *
   * @throws TwinwallError As `Sandbox.create`; `E_OPTION` for the pool's own options.
   */
  static async create<Types extends WorldTypes = DynamicWorld>(
    options: SandboxOptions<Types> & PoolOptions,
  ): Promise<Pool<Types>> {
    checkOptionNames("Pool.create", options, { ...sandboxOptions, ...poolOptions });
    const [own, others] = partition(options);
    const settings = parsePoolOptions("Pool.create", own);
    const parts = await prepare(others);
    try {
      return await Pool.open<Types>(parts, settings);
    } finally {
      parts.lease.release();
    }
  }

  /** @private Internal: `Pool.create` and `Sandbox.pool` open pools. */
  static async open<Types extends WorldTypes>(parts: Parts, settings: PoolSettings): Promise<Pool<Types>> {
    const source = machineSource(parts);
    let pool: Pool<Types> | undefined;
    try {
      pool = new Pool<Types>(source, settings);
      await pool.#machines.warm();
      return pool;
    } catch (error) {
      pool?.close();
      source.release();
      throw error;
    }
  }

  /**
   * Calls a function on values; see {@link Sandbox.call}.
   *
   * @throws TwinwallError As there; `E_BUSY` when no machine is free; `E_DISPOSED` when the pool is drained or closed.
   */
  call<Name extends FunctionName<Types>>(
    name: Name,
    ...values: ArgumentsOf<Types, Name>
  ): ResultOf<Types, Name> {
    const machine = this.#machines.take();
    try {
      return machine.call(machine.root, name, values) as ResultOf<Types, Name>;
    } finally {
      this.#machines.giveBack(machine);
    }
  }

  /** Calls a function on bytes; see {@link Sandbox.callBytes}, and {@link call} for what a pool adds. */
  callBytes(name: string, input: Uint8Array = noBytes): Uint8Array {
    const machine = this.#machines.take();
    try {
      return machine.callBytes(machine.root, name, input);
    } finally {
      this.#machines.giveBack(machine);
    }
  }

  /** Calls a function on bytes without allocating; see {@link Sandbox.callInto}. */
  callInto(name: string, input: Uint8Array, output: Uint8Array): number {
    const machine = this.#machines.take();
    try {
      return machine.callInto(machine.root, name, input, output);
    } finally {
      this.#machines.giveBack(machine);
    }
  }

  /** Calls a function on bytes once for each input, in one entry; see {@link Sandbox.callMany}. */
  callMany(name: string, inputs: readonly Uint8Array[]): Uint8Array[] {
    const machine = this.#machines.take();
    try {
      return machine.callMany(machine.root, name, inputs);
    } finally {
      this.#machines.giveBack(machine);
    }
  }

  /** Calls a function on bytes with a value; see {@link Sandbox.callWith}. */
  callWith<Into, OutOf>(codec: CallCodec<Into, OutOf>, name: string, value: Into): OutOf {
    const machine = this.#machines.take();
    try {
      return callWith(machine, machine.root, codec, name, value);
    } finally {
      this.#machines.giveBack(machine);
    }
  }

  /**
   * Calls a function on bytes on a thread of its own, when a machine is free; see {@link Sandbox.callAsync}.
   *
   * @param input Default: empty. Copied before this returns.
   * @throws TwinwallError By rejection: as there; `E_BUSY` when too many wait already, or for too long; `E_ABORTED` when
   * `options.signal` fires, also while the call waits; `E_DISPOSED` when the pool is drained or closed.
   */
  callAsync(name: string, input?: Uint8Array, options?: CallOptions): Promise<Uint8Array>;
  /**
   * Calls a function on values on a thread of its own; the values are those of `call`, as a list. What they hold is read
   * when a machine is free.
   */
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
    const signal = checkCallOptions(options);
    if (this.#functions.get(name) === undefined) throw this.#functions.missing(name);
    const machine = this.#request(signal);
    if (!(machine instanceof Promise)) {
      return await this.#lend(machine, (one) => one.callAsync(one.root, name, input, signal));
    }
    // A list of the caller's may refuse to be copied: that is the call's failure, for which the machine waits.
    const kept = attempt(() => copyOf(input));
    return await this.#lend(await machine, (one) => one.callAsync(one.root, name, kept(), signal));
  }

  /** Calls a function on bytes with a value, on a thread of its own. What the value holds is read when a machine is free. */
  async callWithAsync<Into, OutOf>(
    codec: CallCodec<Into, OutOf>,
    name: string,
    value: Into,
    options?: CallOptions,
  ): Promise<OutOf> {
    const signal = checkCallOptions(options);
    return await this.#lend(await this.#request(signal), (machine) =>
      callWithAsync(machine, machine.root, codec, name, value, signal),
    );
  }

  /**
   * Lends a sandbox, when a machine is free: release it.
   *
   * @throws TwinwallError By rejection, as {@link callAsync}; `E_ABORTED` when `options.signal` fires while this waits.
   * @example
   * ```ts
   * using lent = await pool.acquire();
   * using session = lent.session();
   * session.call("add", 5);
   * ```
   */
  async acquire(options?: CallOptions): Promise<PooledSandbox<Types>> {
    const machine = await this.#request(checkCallOptions(options, "acquire"));
    return new PooledSandbox<Types>(this.#machines, machine);
  }

  /**
   * Lends a sandbox to a function, and releases it when its promise settles.
   *
   * @returns What the function returns.
   */
  async use<Value>(
    work: (sandbox: PooledSandbox<Types>) => Value | PromiseLike<Value>,
    options?: CallOptions,
  ): Promise<Value> {
    const lent = await this.acquire(options);
    try {
      return await work(lent);
    } finally {
      lent.release();
    }
  }

  /** Figures of the pool. */
  stats(): PoolStats {
    return this.#machines.stats();
  }

  /**
   * Takes no new requests (`E_DISPOSED`), and closes the pool when those that wait or run are through. A second call gets
   * the same promise.
   *
   * @param options `signal` ends the waiting, not the draining: `E_ABORTED`.
   */
  async drain(options?: CallOptions): Promise<void> {
    const signal = checkCallOptions(options, "drain");
    this.#drained ??= new Promise((resolve) => {
      this.#machines.drain(() => {
        this.#release();
        resolve();
      });
    });
    await unlessAborted(this.#drained, signal);
  }

  /**
   * Ends at once: requests that wait, and asynchronous calls, end with `E_DISPOSED`; what was lent is of no use any more. The
   * machine of a synchronous call goes when that returns. Does nothing the second time.
   */
  close(): void {
    this.#machines.close();
    this.#release();
  }

  /** The same as `close()`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** The same as `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #request(signal: AbortSignal | undefined): PooledMachine | Promise<PooledMachine> {
    return this.#machines.request(anySignal(this.#source.signal, signal));
  }

  async #lend<Value>(
    machine: PooledMachine,
    use: (machine: PooledMachine) => Promise<Value>,
  ): Promise<Value> {
    try {
      return await use(machine);
    } finally {
      this.#machines.giveBack(machine);
    }
  }

  #release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#source.release();
  }
}

/** The pool's own options, and those of its sandboxes. */
function partition<Types extends WorldTypes>(
  options: SandboxOptions<Types> & PoolOptions,
): [PoolOptions, SandboxOptions<Types>] {
  const { min, max, idleTime, maxUses, queue, queueTime, budget, ...others } = options;
  const own = { min, max, idleTime, maxUses, queue, queueTime, budget };
  return [own as PoolOptions, others as unknown as SandboxOptions<Types>];
}

/** Does something now, and gives or throws what came of it later. */
function attempt<Value>(work: () => Value): () => Value {
  try {
    const value = work();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

/** What the caller may change while the call waits. A buffer that no call takes is refused by the call. */
function copyOf(input: Uint8Array | readonly unknown[]): Uint8Array | readonly unknown[] {
  if (Array.isArray(input)) return [...input];
  // A slice of a Node.js Buffer would be no copy.
  return isCallBuffer(input) ? new Uint8Array(input) : input;
}

async function unlessAborted(done: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return await done;
  let stop = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(abortedError(signal));
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
  });
  try {
    await Promise.race([done, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
