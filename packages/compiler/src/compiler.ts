import { type MachineName, machineNames, show, TwinwallError } from "@twinwall/abi";
import { inspectArtifact } from "./artifact.js";
import { ArtifactCache } from "./cache.js";
import { cacheDirectory } from "./cache-directory.js";
import { cacheKey } from "./cache-key.js";
import { aborted, type Backend, type Job } from "./job.js";
import { findNativeProgram, NativeBackend } from "./native-backend.js";
import { type Bounds, type CompilerOptions, readBounds, readCacheSize } from "./options.js";
import { Turns } from "./turns.js";
import { WorkerBackend } from "./worker-backend.js";

/** What a module is compiled for. */
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
   * `E_OPTION` for bad options or a cache folder that is not safe; `E_DISPOSED` after `close()`.
   */
  compile(wasm: Uint8Array, options: CompileOptions): Promise<CompiledModule>;
  /** Ends the compiler. What is under way or waiting fails with `E_DISPOSED`. */
  close(): Promise<void>;
}

/** Below this size of a module, starting a process takes longer than the native compiler saves. */
const NATIVE_BYTES = 64 * 1024;

/**
 * Makes a compiler. Nothing starts before the first module that is not in the cache; an idle compiler does not keep
 * the process alive.
 *
 * @throws TwinwallError `E_OPTION` for an option with a bad value.
 * @example
 * ```ts
 * const compiler = createCompiler();
 * const { bytes } = await compiler.compile(wasm, { machine: "kvm", fuel: false });
 * await compiler.close();
 * ```
 */
export function createCompiler(options: CompilerOptions = {}): Compiler {
  const directory = cacheDirectory(options.cacheDirectory);
  const program = findNativeProgram(options.nativeProgram ?? "auto");
  return new CachingCompiler(
    readBounds(options),
    directory === undefined ? undefined : new ArtifactCache(directory, readCacheSize(options)),
    program === undefined ? undefined : new NativeBackend(program),
  );
}

class CachingCompiler implements Compiler {
  readonly #turns = new Turns();
  readonly #worker: Backend = new WorkerBackend();
  #closed = false;

  constructor(
    private readonly bounds: Bounds,
    private readonly cache: ArtifactCache | undefined,
    private readonly native: Backend | undefined,
  ) {}

  async compile(wasm: Uint8Array, options: CompileOptions): Promise<CompiledModule> {
    this.#checkOpen();
    const { machine, fuel, signal, domain } = checkOptions(options);
    if (!(wasm instanceof Uint8Array))
      throw new TwinwallError("E_TYPE", `module: ${show(wasm)} is no Uint8Array`);
    // A copy of our own: what is compiled is what was hashed, whatever the caller does with the bytes meanwhile.
    const module = new Uint8Array(wasm);
    const key = cacheKey(module, machine, fuel, domain);
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

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#worker.close(), this.native?.close()]);
  }

  async #run(job: Job, signal: AbortSignal | undefined): Promise<Uint8Array<ArrayBuffer>> {
    const native = job.module.length < NATIVE_BYTES ? undefined : this.native;
    const bytes = await (native ?? this.#worker).compile(job, signal);
    // A native program left over from another release is told from a good one by what it wrote.
    inspectArtifact(bytes);
    return bytes;
  }

  #checkOpen(): void {
    if (this.#closed) throw new TwinwallError("E_DISPOSED", "the compiler is closed");
  }
}

function checkOptions(options: CompileOptions): CompileOptions {
  if (!machineNames.includes(options.machine)) {
    throw new TwinwallError(
      "E_OPTION",
      `machine: ${show(options.machine)} is unknown; there are "kvm" and "soft"`,
    );
  }
  if (typeof options.fuel !== "boolean") {
    throw new TwinwallError("E_OPTION", `fuel: ${show(options.fuel)} is neither true nor false`);
  }
  return options;
}
