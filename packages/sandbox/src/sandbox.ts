import type { CallCodec, MachineName } from "@twinwall/abi";
import { isCommand } from "@twinwall/runtime/slim";
import { callLimits } from "@twinwall/vmm";
import { Caller } from "./caller.js";
import { callWith, callWithAsync } from "./codec-calls.js";
import { functionTable } from "./functions.js";
import type {
  CallOptions,
  FunctionInfo,
  RunOptions,
  RunResult,
  SandboxOptions,
  SandboxStats,
} from "./options.js";
import { checkCallOptions, checkRunOptions } from "./parse-options.js";
import { type PoolOptions, parsePoolOptions } from "./pool/options.js";
import { Pool } from "./pool/pool.js";
import { type Parts, prepare } from "./prepare.js";
import { runCommand } from "./run.js";
import { Session } from "./session.js";
import { prepareFrom } from "./snapshot/load.js";
import type { FromOptions, SandboxSnapshot, SnapshotOptions } from "./snapshot/options.js";
import { takeSnapshot } from "./snapshot/take.js";
import type { ArgumentsOf, DynamicWorld, FunctionName, ResultOf, WorldTypes } from "./world-types.js";

const noBytes = new Uint8Array(0);

/**
 * A WebAssembly module in a machine of its own. Each call starts from the snapshot and leaves nothing behind; a
 * {@link Session} keeps state over several calls.
 *
 * Calls are synchronous and run on the calling thread, but for `callAsync`.
 */
export class Sandbox<Types extends WorldTypes = DynamicWorld> {
  /** The machine that was taken. */
  readonly machine: MachineName;
  /** Why that machine was taken, one line. */
  readonly machineReason: string;
  /** Whether the module is a WASI command: `run` it. */
  readonly command: boolean;

  readonly #parts: Parts;
  readonly #caller: Caller;
  readonly #createUs: number;

  private constructor(parts: Parts) {
    const { settings, choice, module, lease, hosts } = parts;
    this.machine = choice.driver.machine;
    this.machineReason = choice.reason;
    this.command = isCommand(module);
    this.#parts = parts;
    const machine = lease.snapshot.machine(callLimits(settings.limits), hosts.hostCall, hosts.record);
    this.#caller = new Caller(
      this,
      machine,
      functionTable(module.facts),
      hosts,
      settings.limits,
      settings.signal,
      parts.scopes,
    );
    this.#caller.parts = parts;
    this.#createUs = Math.round((performance.now() - parts.begin) * 1000);
  }

  /**
   * Compiles the module if no cache has it, boots it if no snapshot is there, and makes a machine that stands at the
   * snapshot.
   *
   * @throws TwinwallError `E_OPTION`, `E_NO_FILE`, `E_BAD_MODULE`, `E_UNSUPPORTED`, `E_IMPORT`, `E_TYPE`,
   * `E_NO_MACHINE`, `E_ABORTED`, and what the module's own initialisation fails with.
   */
  static async create<Types extends WorldTypes = DynamicWorld>(
    options: SandboxOptions<Types>,
  ): Promise<Sandbox<Types>> {
    const parts = await prepare(options);
    try {
      return new Sandbox<Types>(parts);
    } catch (error) {
      parts.lease.release();
      throw error;
    }
  }

  /**
   * A sandbox from a snapshot, which is neither compiled nor booted. A snapshot brings machine code along: without a `key` it
   * is as trusted as its source, and the inner wall does not hold for it; the machine does.
   *
   * @param source The snapshot, its bytes, or the path or `file:` URL of its file.
   * @throws TwinwallError `E_BAD_SNAPSHOT` for what is damaged, was changed, or belongs to another machine, processor or
   * release; `E_IMPORT` for host functions that are not those it was taken with; `E_NO_FILE`, `E_OPTION`, `E_NO_MACHINE`,
   * `E_ABORTED`.
   * @example
   * ```ts
   * await sandbox.snapshot({ file: "warm.snapshot", key });
   * const warm = await Sandbox.from("warm.snapshot", { host, key });
   * ```
   */
  static async from<Types extends WorldTypes = DynamicWorld>(
    source: string | URL | Uint8Array | SandboxSnapshot,
    options: FromOptions<Types> = {},
  ): Promise<Sandbox<Types>> {
    const parts = await prepareFrom(source, options);
    try {
      return new Sandbox<Types>(parts);
    } catch (error) {
      parts.lease.release();
      throw error;
    }
  }

  /**
   * The state that calls start from, with module and files: in memory, and in a file where one is named. To be used by
   * {@link Sandbox.from}, here or in a Worker. A session's own state is what `session.snapshot()` takes.
   *
   * @throws TwinwallError `E_BUSY` while a session is open or a call runs; `E_OPTION` for a sandbox with a fixed seed;
   * `E_NO_FILE` when the file cannot be written.
   */
  async snapshot(options: SnapshotOptions = {}): Promise<SandboxSnapshot> {
    return await takeSnapshot(this.#parts, () => this.#caller.save(this), options);
  }

  /** Functions that the module exports. */
  get functions(): readonly FunctionInfo[] {
    return functionTable(this.#parts.module.facts).list();
  }

  /**
   * Calls a typed function of a component, or a function of a module on scalars.
   *
   * A component's functions take and return the values that WIT declares; those of an interface are named
   * `docs:calc/ops@0.1.0#add`, or shorter where that is clear: without version, or by their own name. A `result` is
   * returned, or thrown: its error is the `payload` of an `E_GUEST_ERROR`. Resources live in a {@link Session} only.
   *
   * Of scalars, i32, f32 and f64 are numbers, i64 is a bigint; integers are signed. The result is nothing, a value, or a
   * list of several.
   *
   * @throws TwinwallError `E_NO_FUNCTION`, `E_TYPE` naming function, parameter, expected and found; and what the call
   * fails with: `E_TRAP`, `E_DEADLINE`, `E_FUEL`, `E_LIMIT`, `E_BAD_REPLY`, `E_GUEST_ERROR`, `E_HOST_FUNCTION`.
   */
  call<Name extends FunctionName<Types>>(
    name: Name,
    ...values: ArgumentsOf<Types, Name>
  ): ResultOf<Types, Name> {
    return this.#caller.call(this, name, values) as ResultOf<Types, Name>;
  }

  /**
   * Calls a function on bytes: an export `(pointer, length) -> i64` of a module with `memory` and `twinwall_allocate`.
   *
   * @param input Default: empty.
   * @throws TwinwallError As `call`; `E_BAD_MODULE` naming the piece that the module lacks; `E_MEMORY` when the guest
   * has no room for the input; `E_LIMIT` when the result is longer than `resultBytes`.
   */
  callBytes(name: string, input: Uint8Array = noBytes): Uint8Array {
    return this.#caller.callBytes(this, name, input);
  }

  /**
   * Calls a function on bytes and writes the result into `output`; allocates nothing.
   *
   * @returns The result's length. A result longer than `output` is `E_LIMIT`, and nothing is written.
   */
  callInto(name: string, input: Uint8Array, output: Uint8Array): number {
    return this.#caller.callInto(this, name, input, output);
  }

  /**
   * Calls a function on bytes on a thread of its own, while the caller's event loop goes on. Host functions run on that
   * event loop and may be asynchronous: the guest waits for their promises, within the deadline. Until it is over the
   * sandbox is busy.
   *
   * @param input Default: empty. Copied before this returns.
   * @throws TwinwallError As `callBytes`, by rejection; `E_ABORTED` when `options.signal` fires, at once; `E_DISPOSED`
   * when the sandbox is closed meanwhile.
   * @example
   * ```ts
   * const reply = await sandbox.callAsync("render", input, { signal: AbortSignal.timeout(100) });
   * ```
   */
  callAsync(name: string, input?: Uint8Array, options?: CallOptions): Promise<Uint8Array>;
  /** Calls a function on values on a thread of its own; the values are those of `call`, as a list. */
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

  /** Calls a function on bytes once for each input, in one entry and as one session; the results keep the order. */
  callMany(name: string, inputs: readonly Uint8Array[]): Uint8Array[] {
    return this.#caller.callMany(this, name, inputs);
  }

  /**
   * Opens a session; until it is finished, other calls on the sandbox are `E_BUSY`.
   *
   * @throws TwinwallError `E_BUSY` when one is open already.
   */
  session(): Session<Types> {
    return new Session<Types>(this.#caller);
  }

  /**
   * Opens a pool of machines that start from this sandbox's snapshot, with its host functions and limits. It lives on when
   * the sandbox is closed: close it as well.
   *
   * @throws TwinwallError `E_OPTION`; `E_DISPOSED` when the sandbox is closed; `E_NO_MACHINE` or `E_MEMORY` when there are
   * not `min` machines to be had.
   */
  async pool(options: PoolOptions = {}): Promise<Pool<Types>> {
    const settings = parsePoolOptions("pool", options);
    this.#caller.checkClosed();
    return await Pool.open<Types>(this.#parts, settings);
  }

  /**
   * Runs the module as a WASI command: `_start` with arguments, environment and stdin of this run. The run itself is
   * synchronous.
   *
   * @throws TwinwallError `E_NO_FUNCTION` when the module is no command; what the run fails with.
   */
  async run(options: RunOptions = {}): Promise<RunResult> {
    checkRunOptions(options);
    const { hosts, settings } = this.#parts;
    return runCommand(this.#caller, hosts, settings.limits, options);
  }

  /** Figures of the creation and of the last call. */
  stats(): SandboxStats {
    const { choice, module, lease, settings } = this.#parts;
    const { fuelUsed, outboxBytes, ...figures } = this.#caller.stats();
    return {
      isolation: choice.driver.isolation,
      createUs: this.#createUs,
      compileUs: module.compileUs,
      bootUs: lease.bootUs,
      compiledFromCache: module.fromCache,
      snapshotReused: lease.reused,
      fuel: fuelUsed,
      logBytes: outboxBytes,
      ...figures,
      sessions: this.#caller.hasSession ? 1 : 0,
      limits: settings.limits,
    };
  }

  /**
   * Gives machine and snapshot back. An open session ends, and an asynchronous call under way with `E_DISPOSED`. Does
   * nothing the second time.
   *
   * @throws TwinwallError `E_BUSY` from within a host function of a synchronous call of this sandbox.
   */
  close(): void {
    this.#caller.close();
    this.#parts.lease.release();
  }

  /** The same as `close()`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** The same as `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}
