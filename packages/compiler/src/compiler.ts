import {
  checkOptionNames,
  type MachineName,
  machineNames,
  type OptionNames,
  show,
  TwinwallError,
} from "@twinwall/abi";
import { platform } from "#platform";
import { checkArtifact } from "./artifact.js";
import { cacheKey } from "./cache-key.js";
import type { CompilerSource } from "./compiler-source.js";
import { aborted, type Backend, type Job } from "./job.js";
import { type Bounds, type CompilerOptions, readBounds } from "./options.js";
import type { ArtifactStore } from "./platform.js";
import { Turns } from "./turns.js";
import { warmUpJobs } from "./warm-up.js";
import { WorkerBackend } from "./worker-backend.js";

/** What a module is compiled for. An unknown name is `E_OPTION`. */
export interface CompileOptions {
  readonly machine: MachineName;
  /** Whether the code counts instructions, for the limit `fuel`. */
  readonly fuel: boolean;
  /** Cancels the compilation, waiting included. */
  readonly signal?: AbortSignal;
  /** Trust domain; cache entries are not shared between domains. Default: the module is its own domain. */
  readonly domain?: string;
}

/** A compiled module. */
export interface CompiledModule {
  /** Contents of a `.cwasm` file. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whether it was found in the cache. */
  readonly fromCache: boolean;
}

/** Compiles modules, one after the other. */
export interface Compiler {
  /**
   * Compiles a binary WebAssembly module, or finds the result in the cache.
   *
   * @throws TwinwallError `E_BAD_MODULE`, `E_UNSUPPORTED` or `E_LIMIT` for the module; `E_DEADLINE`, `E_ABORTED`;
   * `E_OPTION` for bad options or a cache folder that is not safe; `E_NO_FILE` when the compiler itself cannot be
   * loaded; `E_DISPOSED` after `close()`.
   */
  compile(wasm: Uint8Array, options: CompileOptions): Promise<CompiledModule>;
  /**
   * Loads the compiler, starts its Worker and warms it, so that the first module need not wait for that: an engine
   * compiles the compiler while it first runs, and better what runs often. Never necessary, and once is enough: a
   * Worker that replaces another one is warm. A module that comes meanwhile waits for milliseconds, not for the end.
   *
   * @param machine What modules will be compiled for. Default: in Node both machines, in a browser `soft`.
   * @throws TwinwallError As `compile()`, for anything but a module.
   */
  prepare(machine?: MachineName): Promise<void>;
  /** Ends the compiler. What is under way or waiting fails with `E_DISPOSED`. */
  close(): Promise<void>;
}

/** Below this size of a module, starting a process takes longer than the native compiler saves. */
const NATIVE_BYTES = 64 * 1024;

/**
 * Makes a compiler, see `createCompiler`.
 *
 * @param source Where the compiler's own WebAssembly module comes from.
 */
export function makeCompiler(options: CompilerOptions, source: CompilerSource): Compiler {
  const cache = platform.openCache(options);
  const native = platform.findNativeBackend(options);
  return new CachingCompiler(readBounds(options), cache, native, new WorkerBackend(source));
}

class CachingCompiler implements Compiler {
  readonly #turns = new Turns();
  readonly #warm = new Map<MachineName, Promise<void>>();
  #closed = false;

  constructor(
    private readonly bounds: Bounds,
    private readonly cache: ArtifactStore | undefined,
    private readonly native: Backend | undefined,
    private readonly worker: Backend,
  ) {}

  async compile(wasm: Uint8Array, options: CompileOptions): Promise<CompiledModule> {
    this.#checkOpen();
    const { machine, fuel, signal, domain } = checkOptions(options);
    if (!(wasm instanceof Uint8Array))
      throw new TwinwallError("E_TYPE", `module: ${show(wasm)} is no Uint8Array`);
    // A copy of our own: what is compiled is what was hashed, whatever the caller does with the bytes meanwhile.
    const module = new Uint8Array(wasm);
    const key = await cacheKey(module, machine, fuel, domain);
    const cached = await this.cache?.read(key);
    if (cached !== undefined) return { bytes: cached, fromCache: true };
    return this.#turns.take(signal, async () => {
      this.#checkOpen();
      if (signal?.aborted) throw aborted(signal);
      // Whoever had the turn before may have compiled the same module.
      const meanwhile = await this.cache?.read(key);
      if (meanwhile !== undefined) return { bytes: meanwhile, fromCache: true };
      const bytes = await this.#run({ module, machine, fuel, bounds: this.bounds }, signal);
      await this.cache?.write(key, bytes);
      return { bytes, fromCache: false };
    });
  }

  async prepare(machine?: MachineName): Promise<void> {
    this.#checkOpen();
    const machines = machine === undefined ? platform.machines : [checkMachine(machine)];
    for (const one of machines) await this.#warmFor(one);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.worker.close(), this.native?.close()]);
  }

  /** Warms once; after a failure, once more. */
  #warmFor(machine: MachineName): Promise<void> {
    const begun = this.#warm.get(machine);
    if (begun !== undefined) return begun;
    const warm = this.#runWarmUp(machine);
    this.#warm.set(machine, warm);
    warm.catch(() => this.#warm.delete(machine));
    return warm;
  }

  async #runWarmUp(machine: MachineName): Promise<void> {
    for (const job of warmUpJobs(machine, this.bounds)) {
      // A turn for each, so that a module that comes meanwhile is soon compiled.
      await this.#turns.take(undefined, async () => {
        this.#checkOpen();
        await this.worker.compile(job, undefined);
      });
    }
  }

  async #run(job: Job, signal: AbortSignal | undefined): Promise<Uint8Array<ArrayBuffer>> {
    const native = job.module.length < NATIVE_BYTES ? undefined : this.native;
    const bytes = await (native ?? this.worker).compile(job, signal);
    // A native program left over from another release is told from a good one by what it wrote.
    await checkArtifact(bytes);
    return bytes;
  }

  #checkOpen(): void {
    if (this.#closed) throw new TwinwallError("E_DISPOSED", "the compiler is closed");
  }
}

const known: OptionNames<CompileOptions> = { machine: true, fuel: true, signal: true, domain: true };

function checkOptions(options: CompileOptions): CompileOptions {
  checkOptionNames("compile", options, known);
  if (options.signal !== undefined && !(options.signal instanceof AbortSignal)) {
    throw new TwinwallError("E_OPTION", `signal: ${show(options.signal)} is no AbortSignal`);
  }
  checkMachine(options.machine);
  if (typeof options.fuel !== "boolean") {
    throw new TwinwallError("E_OPTION", `fuel: ${show(options.fuel)} is neither true nor false`);
  }
  return options;
}

function checkMachine(machine: MachineName): MachineName {
  if (machineNames.includes(machine)) return machine;
  throw new TwinwallError("E_OPTION", `machine: ${show(machine)} is unknown; there are "kvm" and "soft"`);
}
