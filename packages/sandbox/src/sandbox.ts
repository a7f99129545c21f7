import { type CallCodec, errorNumbers, type MachineName, TwinwallError } from "@twinwall/abi";
import {
  bootSnapshot,
  chooseDriver,
  type DriverChoice,
  isCommand,
  type LoadedModule,
  loadModule,
  type SnapshotLease,
} from "@twinwall/runtime/slim";
import { callLimits } from "@twinwall/vmm";
import { Caller } from "./caller.js";
import { callWith, callWithAsync } from "./codec-calls.js";
import { functionTable, missingPiece, shapeProblem } from "./functions.js";
import { HostCalls } from "./host-calls.js";
import { type NamedHostFunction, resolveImports } from "./imports.js";
import type {
  CallOptions,
  FunctionInfo,
  RunOptions,
  RunResult,
  SandboxOptions,
  SandboxStats,
} from "./options.js";
import {
  checkCallOptions,
  checkRunOptions,
  parseOptions,
  readModule,
  type Settings,
} from "./parse-options.js";
import { runCommand, sandboxSink } from "./run.js";
import { Session } from "./session.js";
import { abortedError } from "./signals.js";
import { Scopes } from "./typed/scopes.js";
import { resolveTypedImports } from "./typed/typed-imports.js";
import type { ArgumentsOf, DynamicWorld, FunctionName, ResultOf, WorldTypes } from "./world-types.js";

const noBytes = new Uint8Array(0);

/** What `Sandbox.create` made; the constructor takes it over. */
interface Parts {
  readonly settings: Settings;
  readonly choice: DriverChoice;
  readonly module: LoadedModule;
  readonly lease: SnapshotLease;
  readonly hosts: HostCalls;
  /** Of a component. */
  readonly scopes: Scopes | undefined;
  readonly begin: number;
}

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
    const begin = performance.now();
    const settings = parseOptions(options);
    const { signal, limits } = settings;
    throwIfAborted(signal);
    const bytes = await readModule(settings.module);
    const choice = await chooseDriver(settings.machine);
    const module = await loadModule(bytes, {
      machine: choice.driver.machine,
      fuel: limits.fuel !== undefined,
      compiler: settings.compiler,
      signal,
      domain: settings.trustDomain,
    });
    throwIfAborted(signal);
    const { hosts, scopes, lease } = boot(settings, choice, module);
    try {
      return new Sandbox<Types>({ settings, choice, module, lease, hosts, scopes, begin });
    } catch (error) {
      lease.release();
      throw error;
    }
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
    const { module, lease } = this.#parts;
    const { fuelUsed, ...figures } = this.#caller.stats();
    return {
      createUs: this.#createUs,
      compileUs: module.compileUs,
      bootUs: lease.bootUs,
      compiledFromCache: module.fromCache,
      snapshotReused: lease.reused,
      fuel: fuelUsed,
      ...figures,
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

function boot(
  settings: Settings,
  choice: DriverChoice,
  module: LoadedModule,
): { hosts: HostCalls; scopes: Scopes | undefined; lease: SnapshotLease } {
  const { functions, scopes } = imports(settings, module);
  checkInit(settings, module);
  const hosts = new HostCalls(functions, sandboxSink(settings.onStdout, settings.onStderr));
  try {
    const lease = bootSnapshot({
      driver: choice.driver,
      module,
      limits: settings.limits,
      hostFunctions: functions.map((named) => named.boot),
      init: settings.init,
      files: settings.files,
      domain: settings.trustDomain ?? module.moduleHash,
      recycle: settings.recycle,
      seed: settings.seed,
      share: settings.share,
      hostCall: hosts.hostCall,
      record: hosts.record,
    });
    const kept = hosts.take();
    if (kept !== undefined) {
      lease.release();
      throw kept.error;
    }
    return { hosts, scopes, lease };
  } catch (error) {
    throw bootError(error, hosts);
  }
}

function imports(
  { host }: Settings,
  { facts }: LoadedModule,
): { functions: readonly NamedHostFunction[]; scopes: Scopes | undefined } {
  const { world } = facts;
  if (world === undefined) return { functions: resolveImports(facts, host), scopes: undefined };
  // The functions need the scopes, and the scopes the classes that are found with the functions.
  const current = {
    get scope() {
      return scopes.scope;
    },
  };
  const { functions, classes } = resolveTypedImports(world, host, current);
  const scopes = new Scopes(world, classes);
  return { functions, scopes };
}

/** A host function that failed during boot explains the failure better than what the guest made of it. */
function bootError(error: unknown, hosts: HostCalls): TwinwallError {
  const failure = TwinwallError.from(error);
  const kept = hosts.take()?.error;
  if (kept === undefined || errorNumbers[kept.code] !== errorNumbers[failure.code]) return failure;
  return new TwinwallError(kept.code, kept.rawMessage, { backtrace: failure.backtrace, cause: kept.cause });
}

/** Rules out init data that nobody would get. */
function checkInit({ init }: Settings, module: LoadedModule): void {
  if (init.length === 0) return;
  const { exports, world } = module.facts;
  if (world !== undefined)
    throw new TwinwallError("E_OPTION", "init was given, but the module is a component");
  if (isCommand(module))
    throw new TwinwallError("E_OPTION", "init was given, but the module is a WASI command");
  const target = exports.find((item) => item.name === "twinwall_init" && item.kind === "function");
  if (target === undefined) {
    throw new TwinwallError(
      "E_BAD_MODULE",
      'init was given, but the module exports no function "twinwall_init"',
    );
  }
  const problem = shapeProblem(target, ["i32", "i32"], []) ?? missingPiece(exports);
  if (problem !== undefined) throw new TwinwallError(problem.code, problem.message);
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortedError(signal);
}
