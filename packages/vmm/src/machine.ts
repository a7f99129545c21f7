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
  /** Microseconds; 0: none. */
  readonly deadlineUs: number;
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
  /** A trap code of `E_TRAP`; the guest's own number of `E_GUEST_ERROR`. */
  readonly detail: number;
  readonly message: string;
  /** Frames, a line each. */
  readonly backtrace: string;
}

/** Figures of a machine: the last call's, and totals. */
export interface MachineStats {
  readonly exits: number;
  readonly hostCalls: number;
  readonly fuelUsed: bigint;
  /** Ticks of the time-stamp counter that the guest ran. */
  readonly guestTicks: number;
  /** Linear memories and tables, bytes. */
  readonly memoryBytes: number;
  /** What the guest could write, bytes. */
  readonly writableBytes: number;
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
  /** Puts the machine back to its snapshot. Returns 0, or the negative number of an error code. */
  restore(): number;
  /** Sets limits from the next call on. */
  configure(limits: MachineLimits): void;
  stats(): MachineStats;
  /** Gives the machine back; an asynchronous call under way ends with `E_DISPOSED` first. Does nothing twice. */
  close(): void;
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

/** One kind of outer wall. */
export interface Driver {
  readonly machine: MachineName;
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
}
