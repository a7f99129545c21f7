import type { LimitOptions, Limits, MachineName } from "@twinwall/abi";
import type { ModuleCompiler } from "@twinwall/runtime/slim";
import type { Isolation, RestoreStrategy } from "@twinwall/vmm";
import type { HostFunction } from "./host-function.js";
import type { DynamicWorld, WorldTypes } from "./world-types.js";

/**
 * What a guest may import. A module: a function that `hostFunction` made. A component: a function of the world itself, a
 * class that is a resource of it, or an interface: an object of functions and classes.
 */
export type HostImport =
  | HostFunction
  | ((...values: never[]) => unknown)
  | (new (
      ...values: never[]
    ) => object)
  | object;

/** Options of {@link Sandbox.create}. An unknown name is `E_OPTION`. */
export interface SandboxOptions<Types extends WorldTypes = DynamicWorld> {
  /** The module: bytes of a `.wasm` or `.cwasm`, or the path or `file:` URL of one. A `.cwasm` is trusted code. */
  readonly module: Uint8Array | string | URL;
  /**
   * The outer wall. `"auto"` takes `"kvm"` where it opens and `"soft"` elsewhere.
   * Default: environment variable `TWINWALL_MACHINE`, else `"auto"`.
   */
  readonly machine?: MachineName | "auto";
  /**
   * What is between the machine and this process: `"none"`, or `"process"`: each machine stands in a worker process that may do
   * nothing but enter it, so that whoever escapes from the machine finds nothing to open. Only on machine `"kvm"`; elsewhere
   * creation fails, as it does where the kernel has no such processes. Calls and creation cost more.
   * Default: environment variable `TWINWALL_ISOLATION`, else `"none"`.
   */
  readonly isolation?: Isolation;
  /** Limits of each call; see {@link LimitOptions} for the defaults. */
  readonly limits?: LimitOptions;
  /**
   * What the guest may import. Of a module: functions by the name under which it imports them from `twinwall`, each made
   * by `hostFunction`. Of a component: interfaces by their full name (`"docs:calc/log@0.1.0"`; without version where
   * that is clear), each an object with functions in camelCase and resource classes in PascalCase; functions of the
   * world itself stand beside them. A host function throws `resultError(value)` where WIT lets it return an error.
   * Default: nothing.
   */
  readonly host?: Types["imports"];
  /** Bytes for the module's `twinwall_init`, which runs once before the snapshot. Default: empty. */
  readonly init?: Uint8Array;
  /**
   * Read-only files that the guest sees, by absolute path (`"/etc/words"`). Text is written as UTF-8.
   * Default: none.
   */
  readonly files?: Readonly<Record<string, Uint8Array | string>>;
  /**
   * Machines are recycled, and snapshots shared, within one trust domain only.
   * Default: the module's hash.
   */
  readonly trustDomain?: string;
  /** Whether machines of closed sandboxes are kept for the next sandbox of the trust domain. Default `true`. */
  readonly recycle?: boolean;
  /**
   * `"shared"`: sandboxes of the same module and options in this process start from one snapshot, so that only the
   * first boots. `"own"`: this sandbox boots by itself. A boot that calls host functions is never shared.
   * Default `"shared"`.
   */
  readonly snapshot?: "shared" | "own";
  /** 32 bytes from which every call draws its random numbers. Only for tests: default is fresh bytes each call. */
  readonly seed?: Uint8Array;
  /** Gets what the guest writes to stdout outside of `run`. Default: dropped. */
  readonly onStdout?: (chunk: Uint8Array) => void;
  /** Gets what the guest writes to stderr outside of `run`. Default: dropped. */
  readonly onStderr?: (chunk: Uint8Array) => void;
  /**
   * Cancels creation and later calls: asynchronous ones at once, others as soon as they start or call a host function.
   * `E_ABORTED`.
   */
  readonly signal?: AbortSignal;
  /** The compiler to use. Default: one for the process; the entry `./slim` has none. */
  readonly compiler?: ModuleCompiler;
}

/** Options of {@link Sandbox.callAsync}. */
export interface CallOptions {
  /** Ends the call at once, whatever the guest does: `E_ABORTED`. */
  readonly signal?: AbortSignal;
}

/** Options of {@link Sandbox.run}. */
export interface RunOptions {
  /** Arguments, without the program's name. Default: none. */
  readonly args?: readonly string[];
  /** What the program sees as its own name. Default `"program"`. */
  readonly name?: string;
  /** Environment variables. Default: none. */
  readonly env?: Readonly<Record<string, string>>;
  /** What the program reads from stdin; text is written as UTF-8. Default: empty. */
  readonly stdin?: Uint8Array | string;
  /** Gets stdout as it is written; `RunResult.stdout` is then empty. Called during the run, it must be quick. */
  readonly onStdout?: (chunk: Uint8Array) => void;
  /** Gets stderr as it is written; `RunResult.stderr` is then empty. */
  readonly onStderr?: (chunk: Uint8Array) => void;
  /** Cancels the run when it starts, writes or calls a host function: `E_ABORTED`. */
  readonly signal?: AbortSignal;
}

/** What a command left behind. */
export interface RunResult {
  /** Exit status; 0 when `_start` returned. */
  readonly exitCode: number;
  /** Everything written to stdout. At most `resultBytes`; more is `E_LIMIT`. */
  readonly stdout: Uint8Array;
  /** Everything written to stderr. At most `resultBytes`; more is `E_LIMIT`. */
  readonly stderr: Uint8Array;
}

/** Figures of a sandbox: of its creation, and of its last call. */
export interface SandboxStats {
  /** What is between the machine and this process. */
  readonly isolation: Isolation;
  /** Time of `Sandbox.create` in microseconds. */
  readonly createUs: number;
  /** Time of compiling within that, microseconds; 0 when the module was compiled already. */
  readonly compileUs: number;
  /** Time of booting within that, microseconds; 0 when a snapshot was there already. */
  readonly bootUs: number;
  /** Whether the compiled module came from a cache. */
  readonly compiledFromCache: boolean;
  /** Whether the snapshot was there already. */
  readonly snapshotReused: boolean;
  /** Exits of the last call: 1 without host calls. */
  readonly exits: number;
  /** Synchronous host calls of the last call. */
  readonly hostCalls: number;
  /** Bytes of the arguments and answers of the last call's host calls. */
  readonly hostBytes: number;
  /** Bytes that the last call logged: stdout, stderr and deferred host calls. */
  readonly logBytes: number;
  /** Microseconds of processor time of the last call; 0 where `cpuTime` is not limited, and on the soft machine. */
  readonly cpuTimeUs: number;
  /** Fuel used by the last call; 0n where it is not counted. */
  readonly fuel: bigint;
  /** Ticks of the time-stamp counter that the guest ran in the last call. */
  readonly guestTicks: number;
  /** Bytes of linear memories and tables after the last call. */
  readonly memoryBytes: number;
  /** Bytes that the guest can write from the start. */
  readonly writableBytes: number;
  /**
   * How the last restore went: `"copy"` puts back everything that the guest can write, `"dirty-log"` what it wrote, by KVM's
   * log of written pages. Chosen by what costs less; always `"copy"` on the soft machine.
   */
  readonly restoreStrategy: RestoreStrategy;
  /** Bytes that the last restore put back. */
  readonly restoredBytes: number;
  /** Bytes of memory opened by the guest since the snapshot. */
  readonly openedBytes: number;
  /** Calls since creation. */
  readonly calls: number;
  /** Restores since creation. */
  readonly restores: number;
  /** Sessions that are open: there can be one, a second is `E_BUSY`. */
  readonly sessions: number;
  /** The limits that hold, as numbers; see {@link LimitOptions}. */
  readonly limits: Limits;
}

/** A function that the module exports. */
export interface FunctionInfo {
  readonly name: string;
  /** Types of the parameters: core types, or for a component types of WIT. */
  readonly parameters: readonly string[];
  /** Types of the results. */
  readonly results: readonly string[];
  /** Whether `callBytes` and `callInto` take it. */
  readonly bytes: boolean;
  /** Whether `call` takes it, with scalars. */
  readonly scalar: boolean;
  /** Whether `call` takes it, with the values that WIT declares: a function of a component. */
  readonly typed: boolean;
}
