import { CallKind, errorNumbers, GateOperation, TwinwallError } from "@twinwall/abi";
import {
  type BootRequest,
  failureToError,
  type GuestState,
  type HostCallHandler,
  type LoadRequest,
  type MachineLimits,
  type RecordHandler,
  type Snapshot,
} from "@twinwall/vmm";
import { unlimitedFuel } from "./budget.js";
import { cutRuns, type Run } from "./contents.js";
import { Exchange, eachRecord, type Host } from "./exchange.js";
import { compileImage, type SoftImage } from "./image.js";
import { type Restorable, SoftInstance } from "./instance.js";
import { SoftMachine } from "./machine.js";
import { ReportWord, RequestWord } from "./mailbox.js";
import { initialEnds, type OpenEnds, openedBetween, stateRanges } from "./open-ends.js";
import { type MemoryPlan, OUTPUT_OPEN, PAGE, planMemory, type Window } from "./plan.js";
import { deadlineAt, writeFuel, writeRequest } from "./request.js";
import { crash, poison, Stop } from "./stop.js";
import { warmUp } from "./warm-up.js";
import { workerPool } from "./workers/pool.js";

/** Instances that are kept for later machines. */
const IDLE_INSTANCES = 8;

/** What instances of a snapshot are made of; can be sent to a Worker. */
export interface SnapshotParts {
  readonly image: SoftImage;
  readonly plan: MemoryPlan;
  readonly constants: readonly Run[];
  readonly runs: readonly Run[];
  readonly open: OpenEnds;
  readonly memoryBytes: number;
  /** Bytes that may open beside the runtime's own, in all. */
  readonly budget: number;
  /** Eight words. */
  readonly fixedSeed: Uint32Array | undefined;
  /** Whether instances are kept for later machines. */
  readonly recycle: boolean;
}

let nextId = 1;

/** The state of a ready image. */
export class SoftSnapshot implements Snapshot, Restorable {
  /** Names the snapshot for Workers. */
  readonly id = nextId++;
  readonly writableBytes: number;
  #idle: SoftInstance[] | undefined;

  constructor(readonly parts: SnapshotParts) {
    this.writableBytes = parts.runs.reduce(
      (sum, run) => sum + run.length,
      parts.plan.outbox.bytes + OUTPUT_OPEN,
    );
    this.#idle = parts.recycle ? [] : undefined;
  }

  get runs(): readonly Run[] {
    return this.parts.runs;
  }

  get constants(): readonly Run[] {
    return this.parts.constants;
  }

  get open(): Readonly<OpenEnds> {
    return this.parts.open;
  }

  get memoryBytes(): number {
    return this.parts.memoryBytes;
  }

  get fixedSeed(): Uint32Array | undefined {
    return this.parts.fixedSeed;
  }

  machine(limits: MachineLimits, hostCall: HostCallHandler, record: RecordHandler): SoftMachine {
    return this.machineFor({ hostCall, outbox: eachRecord(record) }, limits);
  }

  /** As {@link machine}, for a host that takes records by the drained outbox. */
  machineFor(host: Host, limits: MachineLimits): SoftMachine {
    return new SoftMachine(this, host, limits, this.#idle?.pop() ?? this.instance());
  }

  /** A new instance that stands at the snapshot. */
  instance(): SoftInstance {
    const { image, plan, constants, runs, open, memoryBytes, budget } = this.parts;
    const instance = new SoftInstance(image, plan, memoryBytes, budget);
    // Memory that is new is zero.
    for (const { address, bytes } of [...constants, ...runs]) if (bytes) instance.bytes.set(bytes, address);
    instance.adopt(open);
    return instance;
  }

  /** Keeps an instance for a later machine, back at the snapshot and without a trace. */
  recycle(instance: SoftInstance): void {
    if (this.#idle === undefined || this.#idle.length >= IDLE_INSTANCES) return;
    if (instance.restore(this, true) === undefined) return;
    instance.restoreConstants(this);
    this.#idle.push(instance);
  }

  save(): GuestState {
    const { heap, farHeap, memories } = this.open;
    // Adjacent runs of zeros and bytes are one range.
    const runs: { address: number; bytes: Uint8Array }[] = [];
    for (const [start, end] of writtenRanges(this.parts, this.open)) {
      if (end === start) continue;
      const bytes = new Uint8Array(end - start);
      for (const run of this.runs) {
        if (run.bytes !== undefined && run.address >= start && run.address < end)
          bytes.set(run.bytes, run.address - start);
      }
      runs.push({ address: start, bytes });
    }
    return { registers: new Uint8Array(0), runs, ends: [heap, farHeap, ...memories] };
  }

  close(): void {
    this.#idle = undefined;
    workerPool.forget(this.id);
  }
}

/** What a guest may write and keep: the image's own data, and all that is open. */
function writtenRanges(
  { image, plan }: Pick<SnapshotParts, "image" | "plan">,
  open: Readonly<OpenEnds>,
): (readonly [start: number, end: number])[] {
  return [[image.writableStart, image.staticEnd], ...stateRanges(plan, open)];
}

/** The request's instance before anything ran in it. */
function freshInstance(request: Omit<LoadRequest, "state">): {
  instance: SoftInstance;
  image: SoftImage;
  plan: MemoryPlan;
  budget: number;
} {
  const { limits } = request;
  const image = compileImage(request.image);
  warmUp(image);
  const plan = planMemory({
    attachments: request.attachments.map((attachment) => attachment.length),
    memoryBytes: limits.memoryBytes,
    memories: request.memories ?? 1,
    outputBytes: limits.outputBytes,
  });
  const budget = limits.memoryBytes + limits.outputBytes;
  const instance = new SoftInstance(image, plan, plan.memories, budget);
  request.attachments.forEach((bytes, index) => {
    instance.bytes.set(bytes, plan.attachments[index]?.address ?? 0);
  });
  return { instance, image, plan, budget };
}

/**
 * Takes over a state that a guest of the same image and attachments had.
 *
 * @throws TwinwallError `E_BAD_SNAPSHOT` for one that no such guest can have.
 */
export function loadSnapshot(request: LoadRequest): SoftSnapshot {
  const { instance, ...of } = freshInstance(request);
  const open = checkEnds(request.state.ends, of.plan, request.limits);
  const ranges = writtenRanges(of, open).filter(([start, end]) => end > start);
  const { runs, registers } = request.state;
  const fits =
    runs.length === ranges.length &&
    ranges.every(([start, end], index) => {
      const run = runs[index];
      return run !== undefined && run.address === start && run.bytes.length === end - start;
    });
  if (!fits || registers.length !== 0) throw badState("its memory is not where this image has its own");
  if (!instance.importState({ open, pieces: runs }))
    throw new TwinwallError("E_NO_MACHINE", "the host has no memory for the snapshot");
  return new SoftSnapshot(capture(instance, { ...of, fixedSeed: undefined, recycle: request.recycle }));
}

/** Each end lies in its window, at a page; together they are within the limits. */
function checkEnds(ends: readonly number[], plan: MemoryPlan, limits: MachineLimits): OpenEnds {
  const [heap = 0, farHeap = 0, ...memories] = ends;
  const within = (end: number, { address, bytes }: Window): boolean =>
    Number.isSafeInteger(end) && end % PAGE === 0 && end >= address && end <= address + bytes;
  const { memoryStride } = plan;
  const good =
    within(heap, plan.heap) &&
    within(farHeap, plan.farHeap) &&
    memories.length === plan.memoryCount &&
    memories.every((end, index) =>
      within(end, { address: plan.memories + index * memoryStride, bytes: memoryStride }),
    );
  if (!good) throw badState("its memory ends where none of this image can");
  const open = { heap, farHeap, output: initialEnds(plan).output, memories };
  const own = openedBetween(initialEnds(plan), open) - (heap - plan.heap.address);
  if (own > limits.memoryBytes) throw badState("it has more memory than the limits allow");
  return open;
}

function badState(what: string): TwinwallError {
  return new TwinwallError("E_BAD_SNAPSHOT", what);
}

/**
 * Boots an image and takes its snapshot.
 *
 * @throws TwinwallError With the code that the guest or the driver gave.
 */
export function bootSnapshot(request: BootRequest): SoftSnapshot {
  const { limits } = request;
  const { instance, image, plan, budget } = freshInstance(request);
  const fixedSeed = request.seed && new Uint32Array(new Uint8Array(request.seed).buffer);
  try {
    runBoot(request, instance, fixedSeed);
  } catch (thrown) {
    const { failure } = thrown instanceof Stop ? thrown : crash(thrown);
    throw failureToError(failure, { limits, subject: "boot" });
  }
  const { recycle } = request;
  return new SoftSnapshot(capture(instance, { image, plan, budget, fixedSeed, recycle }));
}

function runBoot(request: BootRequest, instance: SoftInstance, fixedSeed: Uint32Array | undefined): void {
  const { limits, input } = request;
  const now = performance.now();
  const address = instance.openInput(input.length);
  if (address === undefined)
    throw poison("E_MEMORY", `a boot input of ${input.length} bytes does not fit its area`);
  instance.bytes.set(input, address);
  writeRequest(instance, limits, now, fixedSeed, address, input.length);
  instance.words[RequestWord.KindAndFlags] = CallKind.Boot;
  // What runs before the snapshot is bounded by the deadline alone.
  writeFuel(instance.words, unlimitedFuel, limits);
  const exchange = new Exchange();
  const host = { hostCall: request.hostCall, outbox: eachRecord(request.record) };
  exchange.begin(instance, host, limits, deadlineAt(now, limits), address, input.length);
  instance.boot();
  exchange.end(GateOperation.Ready);
  const status = (instance.words[ReportWord.Status] ?? 0) & 0xffff;
  if (status !== 0) throw bootFailure(exchange.failure(status));
}

/** Fuel that ran out during a boot was the deadline's. */
function bootFailure(stop: Stop): Stop {
  const { failure } = stop;
  return failure.code === errorNumbers.E_FUEL ? poison("E_DEADLINE", "") : stop;
}

function capture(
  instance: SoftInstance,
  of: Pick<SnapshotParts, "image" | "plan" | "budget" | "fixedSeed" | "recycle">,
): SnapshotParts {
  const { image, plan } = of;
  const open = { ...instance.openEnds(), output: initialEnds(plan).output };
  const cut = ([start, end]: readonly [number, number]): Run[] => cutRuns(instance.bytes, start, end - start);
  const runs = writtenRanges(of, open).flatMap(cut);
  const constants = [
    ...cut([image.stackBytes, image.writableStart]),
    ...cut([image.staticEnd, plan.mailbox]),
  ];
  return { ...of, constants, runs, open, memoryBytes: instance.memoryBytes };
}
