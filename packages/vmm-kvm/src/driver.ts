import { errorNumbers, TwinwallError } from "@twinwall/abi";
import {
  type AsyncCall,
  type AsyncHostCallHandler,
  type BootRequest,
  type Driver,
  failureToError,
  type GuestState,
  type HostCallHandler,
  type Isolation,
  type LoadRequest,
  type Machine,
  type MachineLimits,
  type RecordHandler,
  type Snapshot,
} from "@twinwall/vmm";
import { loadAddon, workerPath } from "./addon.js";
import { startAsyncCall, startRestore } from "./async-call.js";
import { checkHost } from "./host.js";
import type { NativeAddon, NativeMachine, NativeResult, NativeSnapshot, NativeState } from "./native.js";

let opened: KvmDriver | undefined;
let openedWalled: KvmDriver | undefined;

/**
 * Opens KVM and tests the machine, once in a process.
 *
 * @throws TwinwallError `E_NO_MACHINE` with the reason and what to do.
 */
export function openKvmDriver(): Driver {
  if (opened === undefined) {
    checkHost();
    const addon = loadAddon();
    const { report } = unwrap(addon.openKvm(), "KVM");
    opened = new KvmDriver(addon, report.trim().replaceAll("\n", "; "), "none");
  }
  return opened;
}

/**
 * Tests KVM's log of written pages, once in a process: about a fifth of a second. Machines that can write much are restored
 * by it where it passed and is cheaper than copying; they have it tested on a thread when they first could use it.
 *
 * @returns What it costs here.
 * @throws TwinwallError `E_NO_MACHINE`, or `E_INTERNAL` with the reason why it is not used here.
 */
export function testDirtyLog(): string {
  openKvmDriver();
  return unwrap(loadAddon().testDirtyLog(), "dirty log");
}

/**
 * Opens KVM as {@link openKvmDriver} does, for machines each of which stands in a worker process of its own, with its system
 * calls filtered and without rights. That is tested, once in a process.
 *
 * @throws TwinwallError `E_NO_MACHINE` with the reason and what to do.
 */
export function openWalledKvmDriver(): Driver {
  if (openedWalled === undefined) {
    const { description } = openKvmDriver();
    const addon = loadAddon();
    const found = unwrap(addon.openWalled(workerPath()), "KVM");
    openedWalled = new KvmDriver(addon, `${description}; ${found}`, "process");
  }
  return openedWalled;
}

/**
 * Measures bare round trips of this host: a ring-3 `out` and back, in nanoseconds each.
 *
 * @throws TwinwallError `E_NO_MACHINE`.
 */
export function measureFloor(rounds: number): Float64Array {
  openKvmDriver();
  return unwrap(loadAddon().measureFloor(rounds), "floor");
}

/**
 * Measures creating and destroying an empty virtual machine with one vCPU, in nanoseconds each.
 *
 * @throws TwinwallError `E_NO_MACHINE`.
 */
export function measureBareMachine(rounds: number): Float64Array {
  openKvmDriver();
  return unwrap(loadAddon().measureBareMachine(rounds), "empty machine");
}

/**
 * Counts the guest instructions of one call from the snapshot, from gate to gate, by single steps.
 *
 * @param machine A machine of this driver.
 * @param kind A `CallKind`.
 * @param target Index of the function in the module's exports.
 * @returns The count, or the negative number of an error code; `machine.failure()` says more.
 * @throws TwinwallError `E_UNSUPPORTED` for a machine of another driver.
 */
export function countInstructions(machine: Machine, kind: number, target: number, input: Uint8Array): number {
  if (isKvmMachine(machine)) return machine.countInstructions(kind, target, input);
  throw new TwinwallError("E_UNSUPPORTED", "only machines on KVM can count their instructions");
}

function isKvmMachine(machine: Machine): machine is KvmMachine {
  return "countInstructions" in machine;
}

class KvmDriver implements Driver {
  readonly machine = "kvm";

  constructor(
    private readonly addon: NativeAddon,
    readonly description: string,
    readonly isolation: Isolation,
  ) {}

  attachmentAddresses(lengths: readonly number[]): bigint[] {
    return this.addon.attachmentAddresses([...lengths]);
  }

  get processor(): string {
    return this.addon.processor();
  }

  load({ image, attachments, state, limits, recycle }: LoadRequest): Snapshot {
    const result = this.addon.NativeSnapshot.load(
      image,
      [...attachments],
      state.registers,
      state.runs.map(({ address }) => address),
      state.runs.map(({ bytes }) => bytes),
      limits,
      recycle,
      this.isolation === "process",
    );
    return new KvmSnapshot(unwrap(result, "snapshot", limits), limits);
  }

  boot(request: BootRequest): Snapshot {
    const result = this.addon.NativeSnapshot.boot(
      request.image,
      [...request.attachments],
      request.input,
      request.limits,
      request.seed ?? null,
      request.recycle,
      this.isolation === "process",
      request.hostCall,
      request.record,
    );
    return new KvmSnapshot(unwrap(result, "boot", request.limits), request.limits);
  }
}

/** A machine of this driver: what all have, and what only measurements and tests use. */
type KvmMachine = Machine & Pick<NativeMachine, "countInstructions" | "process">;

function stateOf({ registers, addresses, contents }: NativeState): GuestState {
  const runs = addresses.map((address, index) => ({ address, bytes: contents[index] ?? new Uint8Array(0) }));
  return { registers, runs, ends: [] };
}

class KvmSnapshot implements Snapshot {
  readonly writableBytes: number;

  constructor(
    private readonly native: NativeSnapshot,
    private readonly bootLimits: MachineLimits,
  ) {
    this.writableBytes = native.writableBytes;
  }

  /** The addon's machine is the machine, with calls that pack three numbers into the one that its entries take. */
  machine(limits: MachineLimits, hostCall: HostCallHandler, record: RecordHandler): KvmMachine {
    const handlers: Handlers = { hostCall, record };
    const weak = weakly(handlers);
    const native = unwrap(this.native.machine(weak.hostCall, weak.record), "machine", limits);
    if (limits !== this.bootLimits) native.configure(limits);
    const enter = native.entry();
    const save = native.save.bind(native);
    return Object.assign(native, {
      handlers,
      call: (kind: number, target: number, flags: number, input: Uint8Array, output: Uint8Array) =>
        enter(kind + flags * 256 + target * 65_536, input, output),
      callAsync: (
        kind: number,
        target: number,
        flags: number,
        input: Uint8Array,
        serve: AsyncHostCallHandler,
      ): AsyncCall => startAsyncCall(native, kind + flags * 256 + target * 65_536, input, serve, record),
      save: () => {
        const state = save();
        return state === null ? -native.failure().code : stateOf(state);
      },
      restoreAsync: (replace = false) => startRestore(native, replace),
    });
  }

  save(): GuestState {
    const state = this.native.save();
    if (state === null) throw new TwinwallError("E_DISPOSED", "the snapshot is closed");
    return stateOf(state);
  }

  close(): void {
    this.native.close();
  }
}

interface Handlers {
  readonly hostCall: HostCallHandler;
  readonly record: RecordHandler;
}

/**
 * Handlers that do not keep these alive: the machine does. What the addon refers to is a root of the heap, and handlers
 * often reach the machine that they serve, so neither would ever be collected.
 */
function weakly(handlers: Handlers): Handlers {
  const weak = new WeakRef(handlers);
  return {
    hostCall: (hostFunction, input) =>
      weak.deref()?.hostCall(hostFunction, input) ?? -errorNumbers.E_DISPOSED,
    record: (kind, hostFunction, data) => weak.deref()?.record(kind, hostFunction, data),
  };
}

const noLimits: MachineLimits = {
  memoryBytes: 0,
  inputBytes: 0,
  outputBytes: 0,
  outboxBytes: 0,
  hostCalls: 0,
  hostBytes: 0,
  deadlineUs: 0,
  cpuTimeUs: 0,
  fuel: 0n,
};

/** Turns a result of the addon into its value or a typed error. */
function unwrap<Value>(
  result: NativeResult<Value>,
  subject: string,
  limits: MachineLimits = noLimits,
): Value {
  if (result.failure !== undefined && result.failure !== null) {
    throw failureToError(result.failure, { limits, subject });
  }
  if (result.value === undefined || result.value === null) {
    throw new TwinwallError("E_INTERNAL", `${subject}: the native addon gave neither a value nor a failure`);
  }
  return result.value;
}
