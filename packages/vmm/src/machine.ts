import type { MachineName } from "@twinwall/abi";

/** Bits of `flags` in {@link Machine.call}. */
export const CallFlag = Object.freeze({
  None: 0,
  /** The call continues a session: clocks and streams go on. */
  Continues: 1,
  /** Restore the machine to its snapshot after the call. */
  Restore: 2,
  /** An output that is longer than the caller's buffer is `E_LIMIT`, and nothing is written. */
  Exact: 4,
  /**
   * Of an asynchronous call: restore the machine to its snapshot behind the reply, which does not wait for that. Other calls
   * take no note of it: whoever makes them restores.
   */
  RestoreAfter: 8,
});

/** Limits of a machine. All are per call, except `memoryBytes`. */
export interface MachineLimits {
  /** Linear memories and tables together, bytes; the runtime's own memory comes on top. */
  readonly memoryBytes: number;
  /** Largest input of a call, bytes. */
  readonly inputBytes: number;
  /** Largest output of a call and largest arguments of a host call, bytes. */
  readonly outputBytes: number;
  /** Most bytes of outbox records per call; more is `E_LIMIT`. */
  readonly outboxBytes: number;
  readonly hostCalls: number;
  /** Arguments and answers of a call's host calls together; more is `E_LIMIT`. */
  readonly hostBytes: number;
  /** Microseconds; 0: none. */
  readonly deadlineUs: number;
  /** Microseconds of processor time; 0: not limited. More is `E_DEADLINE` with detail 1. */
  readonly cpuTimeUs: number;
  /** All ones: not limited. */
  readonly fuel: bigint;
}

/**
 * Serves a host call. The arguments are a copy. Returns the result's bytes, or the negative number of an error code;
 * it must not throw.
 */
export type HostCallHandler = (hostFunction: number, input: Uint8Array) => Uint8Array | number;

/**
 * Serves a host call of an asynchronous call, on the event loop that owns the machine, while the guest waits. As
 * {@link HostCallHandler}, but the answer may be a promise; it must neither throw nor reject. A promise that comes too
 * late is ignored.
 */
export type AsyncHostCallHandler = (
  hostFunction: number,
  input: Uint8Array,
) => Uint8Array | number | Promise<Uint8Array | number>;

/** How an asynchronous call ended. */
export interface AsyncReply {
  /** The output's length, or the negative number of an error code; `failure()` then says more. */
  readonly status: number;
  /** The output; empty when the call failed. The receiver's own. */
  readonly output: Uint8Array;
}

/** A call that runs on a thread of its own. */
export interface AsyncCall {
  /** Resolves once the call is over and the machine is free again. It never rejects. */
  readonly reply: Promise<AsyncReply>;
  /**
   * Of a call with `RestoreAfter`, whose reply leaves the machine busy: resolves once it is free again, as
   * {@link Machine.restoreAsync} does. It never rejects.
   */
  readonly restored?: Promise<number>;
  /**
   * Ends the call early, whatever the guest does or waits for: it fails with this error code, and the machine goes back
   * to its snapshot. Does nothing once the call is over.
   *
   * @param code The positive number of an error code.
   */
  end(code: number): void;
}

/** Takes an outbox record: what the guest wrote to stdout or stderr, or a deferred host call. It must not throw. */
export type RecordHandler = (kind: number, hostFunction: number, data: Uint8Array) => void;

/** How a call, a boot or a restore failed, as a driver reports it. Texts come from the guest. */
export interface Failure {
  /** Number of an error code. */
  readonly code: number;
  /** A trap code of `E_TRAP`; the guest's own number of `E_GUEST_ERROR`; 1 for an `E_DEADLINE` of processor time. */
  readonly detail: number;
  readonly message: string;
  /** Frames, a line each. */
  readonly backtrace: string;
}

/**
 * How a machine goes back to its snapshot: everything is put back that the guest can write, or what it wrote, by KVM's log
 * of written pages.
 */
export type RestoreStrategy = "copy" | "dirty-log";

/** Figures of a machine: the last call's, and totals. */
export interface MachineStats {
  readonly exits: number;
  readonly hostCalls: number;
  /** Bytes of the arguments and answers of host calls. */
  readonly hostBytes: number;
  /** Bytes of outbox records. */
  readonly outboxBytes: number;
  /** Microseconds of processor time; 0 where they are not limited, and on the soft machine. */
  readonly cpuTimeUs: number;
  readonly fuelUsed: bigint;
  /** Ticks of the time-stamp counter that the guest ran. */
  readonly guestTicks: number;
  /** Linear memories and tables, bytes. */
  readonly memoryBytes: number;
  /** What the guest could write, bytes. */
  readonly writableBytes: number;
  /** How the last restore went. */
  readonly restoreStrategy: RestoreStrategy;
  /** What the last restore put back, bytes. */
  readonly restoredBytes: number;
  /** What the guest opened since the snapshot, bytes. */
  readonly openedBytes: number;
  /** Total. */
  readonly calls: number;
  /** Total. */
  readonly restores: number;
}

/**
 * A machine that stands at its snapshot, or within a session. One call at a time.
 *
 * Nothing here throws but for programming errors; a failed call is told by a number, so that the fast path makes no
 * objects.
 */
export interface Machine {
  /**
   * One call in, one reply out; host calls, limits, restore and checking of the reply are inside.
   *
   * @param kind A `CallKind`.
   * @param target Index of the function in the module's exports.
   * @param flags Bits of {@link CallFlag}.
   * @param output Gets the output.
   * @returns The output's length, or the negative number of an error code. A length above `output.length` (without
   * `Exact`) means that nothing was written: fetch it by {@link takeOutput}.
   */
  call(kind: number, target: number, flags: number, input: Uint8Array, output: Uint8Array): number;
  /**
   * The same call on a thread of its own. Until its reply is there the machine is busy: other calls, and a restore, fail
   * with `E_BUSY`; `configure` applies from the next call on, and `close` ends the call. Host calls and records are delivered in order to the event
   * loop that owns the machine. The deadline covers the time that the guest waits for a host function.
   *
   * @param flags As in {@link call}; `Exact` has no meaning.
   * @param input Copied before this returns.
   */
  callAsync(
    kind: number,
    target: number,
    flags: number,
    input: Uint8Array,
    hostCall: AsyncHostCallHandler,
  ): AsyncCall;
  /** The output of the last call, which was longer than its buffer. */
  takeOutput(): Uint8Array;
  /** Why the last call or restore failed. */
  failure(): Failure;
  /**
   * Puts the machine back to its snapshot; waits for a restore that is under way on another thread.
   *
   * @returns 0; 1 when that restore took a new machine; or the negative number of an error code.
   */
  restore(): number;
  /**
   * Puts the machine back to its snapshot, and has everything ready for the next call: where the guest's machine was
   * thrown away, a new one is made. That is done on a thread of its own where there is one and the work is worth it, else
   * before this returns. Until the promise resolves the machine is busy, but for `restore`, which waits for it.
   *
   * @param replace Throws the guest's machine away in any case. Default `false`.
   * @returns 0; 1 when a new machine was made; or the negative number of an error code. It never rejects.
   */
  restoreAsync(replace?: boolean): Promise<number>;
  /**
   * The guest's state as it stands now, within a session or at the snapshot.
   *
   * @returns The negative number of an error code when there is none to be had; `failure()` then says more.
   */
  save(): GuestState | number;
  /** Sets limits from the next call on. */
  configure(limits: MachineLimits): void;
  stats(): MachineStats;
  /**
   * Gives the machine back; an asynchronous call under way ends with `E_DISPOSED` first. Does nothing twice.
   *
   * @param retire Whether it is taken apart, and not kept for a later machine of its snapshot. Default `false`.
   */
  close(retire?: boolean): void;
}

/**
 * What a guest may change of its machine, and nothing else: as it leaves a driver, and comes to another of its kind. A driver
 * believes nothing of it.
 */
export interface GuestState {
  /** General registers, where the machine has any. */
  readonly registers: Uint8Array;
  /** Writable memory, by ascending guest addresses. */
  readonly runs: readonly StateRun[];
  /** Where the windows end that a guest may open, on a machine that does not know it from the memory. */
  readonly ends: readonly number[];
}

/** A range of writable memory. */
export interface StateRun {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** What a driver needs to go on from a state. */
export interface LoadRequest
  extends Pick<BootRequest, "image" | "attachments" | "limits" | "memories" | "recycle"> {
  readonly state: GuestState;
}

/** A booted image, from which machines start. */
export interface Snapshot {
  /** Bytes that a guest can write, and a restore puts back. */
  readonly writableBytes: number;
  /**
   * A machine that stands at this snapshot.
   *
   * @throws TwinwallError `E_NO_MACHINE` or `E_MEMORY` when there is none to be had.
   */
  machine(limits: MachineLimits, hostCall: HostCallHandler, record: RecordHandler): Machine;
  /** The state that machines start from. */
  save(): GuestState;
  /** Frees what the snapshot holds once its machines are closed. Does nothing the second time. */
  close(): void;
}

/** What a driver needs to boot an image. */
export interface BootRequest {
  readonly image: Uint8Array;
  /** Read-only data mapped at {@link Driver.attachmentAddresses}. */
  readonly attachments: readonly Uint8Array[];
  /** Input of the boot call. */
  readonly input: Uint8Array;
  readonly limits: MachineLimits;
  /** How many linear memories the guest will open, each in an address range of its own. Default 1. */
  readonly memories?: number;
  /** 32 bytes from which every call's random numbers come; `undefined`: fresh ones each call. */
  readonly seed: Uint8Array | undefined;
  /** Whether virtual machines are kept for later machines of this snapshot; never for another's. */
  readonly recycle: boolean;
  readonly hostCall: HostCallHandler;
  readonly record: RecordHandler;
}

/**
 * What is between a machine and the program that uses it: `"none"`, so that it stands in the program's own process, or
 * `"process"`: it stands in a worker process that may do nothing but enter it.
 */
export type Isolation = "none" | "process";

/** One kind of outer wall. */
export interface Driver {
  readonly machine: MachineName;
  readonly isolation: Isolation;
  /** What the driver found when it tested its machine, one line. */
  readonly description: string;
  /** Guest addresses of attachments of these lengths. */
  attachmentAddresses(lengths: readonly number[]): bigint[];
  /**
   * Boots an image in a machine of its own and takes the snapshot.
   *
   * @throws TwinwallError With the code that the guest or the driver gave.
   */
  boot(request: BootRequest): Snapshot;
  /** Names the processor that guests see: a state means the same on processors of equal names. */
  readonly processor: string;
  /**
   * Takes over the state of a guest of the same image, attachments and limits, without a boot.
   *
   * @throws TwinwallError `E_BAD_SNAPSHOT` for a state that no such guest can have.
   */
  load(request: LoadRequest): Snapshot;
}
