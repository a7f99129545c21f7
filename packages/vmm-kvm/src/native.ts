import type { Failure, HostCallHandler, Machine, MachineLimits, RecordHandler } from "@twinwall/vmm";

// Shapes of the native addon. It never throws but for programming errors: results are unions.

/** A value, or why there is none. */
export interface NativeResult<Value> {
  readonly value?: Value;
  readonly failure?: Failure;
}

/** What the machine's self-test found. */
export interface KvmReport {
  /** KVM's API version: 12. */
  readonly apiVersion: number;
  /** One line: what was tested, what the driver relies on. */
  readonly report: string;
}

/** What {@link Deliver} is told. */
export const Told = Object.freeze({
  /** A record: its kind, the function of a deferred host call, data. */
  Record: 0,
  /** A host call: its number, the function, arguments. */
  HostCall: 1,
  /** The end: the output's length or a negative error code, 0, output. */
  Done: 2,
  /** The end of a call whose machine is being restored: the same. */
  Reply: 3,
  /** The end of that, or of a restore: 0, 1 when it took a new machine, or a negative error code. */
  Restored: 4,
});

/**
 * Takes what the thread of an asynchronous call sends, in order. Returns the answer to a host call, or `undefined` when
 * it will come by `answer`; otherwise nothing.
 */
export type Deliver = (
  what: (typeof Told)[keyof typeof Told],
  number: number,
  hostFunction: number,
  data: Uint8Array,
) => Uint8Array | number | undefined;

/** A machine of the addon; its calls are made from what it has instead. */
export interface NativeMachine extends Omit<Machine, "call" | "callAsync" | "restoreAsync" | "save"> {
  save(): NativeState | null;
  /** The function by which calls enter: `kind + flags * 2^8 + target * 2^16`, input, output. */
  entry(): (operation: number, input: Uint8Array, output: Uint8Array) => number;
  /** Starts a call on a thread of its own; returns its number, or a negative error code. */
  start(operation: number, input: Uint8Array, deliver: Deliver): number;
  /** Starts a restore on a thread of its own; returns a number, 0 when it is done already, or a negative error code. */
  startRestore(replace: boolean, deliver: Deliver): number;
  /** Answers a host call, by number, of a call, by number. Does nothing when the guest does not wait for it. */
  answer(call: number, hostCall: number, answer: Uint8Array | number): void;
  /** Ends a call, by number. Does nothing when it is over. */
  end(call: number, code: number): void;
  /** Number of the worker process in which the machine stands; `null` where there is none, or the machine is away. */
  readonly process: number | null;
  /** Instructions of one call from the snapshot, or a negative error code. For measurements. */
  countInstructions(kind: number, target: number, input: Uint8Array): number;
}

/** A guest's state: registers, and ranges of memory. */
export interface NativeState {
  readonly registers: Uint8Array;
  readonly addresses: number[];
  readonly contents: Uint8Array[];
}

/** A snapshot of the addon. */
export interface NativeSnapshot {
  readonly writableBytes: number;
  machine(hostCall: HostCallHandler, record: RecordHandler): NativeResult<NativeMachine>;
  save(): NativeState | null;
  close(): void;
}

/** The addon's class with its constructor function. */
export interface NativeSnapshotClass {
  boot(
    image: Uint8Array,
    attachments: Uint8Array[],
    bootInput: Uint8Array,
    limits: MachineLimits,
    seed: Uint8Array | null,
    recycle: boolean,
    walled: boolean,
    hostCall: HostCallHandler,
    record: RecordHandler,
  ): NativeResult<NativeSnapshot>;
  load(
    image: Uint8Array,
    attachments: Uint8Array[],
    registers: Uint8Array,
    addresses: number[],
    contents: Uint8Array[],
    limits: MachineLimits,
    recycle: boolean,
    walled: boolean,
  ): NativeResult<NativeSnapshot>;
}

/** What the addon exports. */
export interface NativeAddon {
  openKvm(): NativeResult<KvmReport>;
  /** Takes over the program of worker processes, and tests one; what was found, one line. */
  openWalled(program: string): NativeResult<string>;
  attachmentAddresses(lengths: number[]): bigint[];
  processor(): string;
  testDirtyLog(): NativeResult<string>;
  readonly NativeSnapshot: NativeSnapshotClass;
  measureFloor(rounds: number): NativeResult<Float64Array>;
  measureBareMachine(rounds: number): NativeResult<Float64Array>;
}

/** Functions without which the addon is not ours. */
export const addonFunctions = ["openKvm", "openWalled", "attachmentAddresses", "NativeSnapshot"] as const;
