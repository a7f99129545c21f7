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

/** A machine of the addon; `call` is made from its entry function. */
export interface NativeMachine extends Omit<Machine, "call"> {
  /** The function by which calls enter: `kind + flags * 2^8 + target * 2^16`, input, output. */
  entry(): (operation: number, input: Uint8Array, output: Uint8Array) => number;
  /** Instructions of one call from the snapshot, or a negative error code. For measurements. */
  countInstructions(kind: number, target: number, input: Uint8Array): number;
}

/** A snapshot of the addon. */
export interface NativeSnapshot {
  readonly writableBytes: number;
  machine(hostCall: HostCallHandler, record: RecordHandler): NativeResult<NativeMachine>;
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
    hostCall: HostCallHandler,
    record: RecordHandler,
  ): NativeResult<NativeSnapshot>;
}

/** What the addon exports. */
export interface NativeAddon {
  openKvm(): NativeResult<KvmReport>;
  attachmentAddresses(lengths: number[]): bigint[];
  readonly NativeSnapshot: NativeSnapshotClass;
  measureFloor(rounds: number): NativeResult<Float64Array>;
  measureBareMachine(rounds: number): NativeResult<Float64Array>;
}

/** Functions without which the addon is not ours. */
export const addonFunctions = ["openKvm", "attachmentAddresses", "NativeSnapshot"] as const;
