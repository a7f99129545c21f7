import { CallKind, errorNumbers, GateOperation } from "@twinwall/abi";
import {
  type BootRequest,
  failureToError,
  type HostCallHandler,
  type MachineLimits,
  type RecordHandler,
  type Snapshot,
} from "@twinwall/vmm";
import { unlimitedFuel } from "./budget.js";
import { cutRuns, type Run } from "./contents.js";
import { Exchange } from "./exchange.js";
import { compileImage, type SoftImage } from "./image.js";
import { type Restorable, SoftInstance } from "./instance.js";
import { SoftMachine } from "./machine.js";
import { ReportWord, RequestWord } from "./mailbox.js";
import { initialEnds, type OpenEnds, stateRanges } from "./open-ends.js";
import { type MemoryPlan, OUTPUT_OPEN, planMemory } from "./plan.js";
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
  readonly attachments: readonly Uint8Array[];
  readonly runs: readonly Run[];
  readonly open: OpenEnds;
  readonly memoryBytes: number;
  /** Bytes that may open beside the runtime's own, in all. */
  readonly budget: number;
  /** Eight words. */
  readonly fixedSeed: Uint32Array | undefined;
}

let nextId = 1;

/** The state of a ready image. */
export class SoftSnapshot implements Snapshot, Restorable {
  /** Names the snapshot for Workers. */
  readonly id = nextId++;
  readonly writableBytes: number;
  #idle: SoftInstance[] | undefined;

  constructor(
    readonly parts: SnapshotParts,
    recycle: boolean,
  ) {
    this.writableBytes = parts.runs.reduce(
      (sum, run) => sum + run.length,
      parts.plan.outbox.bytes + OUTPUT_OPEN,
    );
    this.#idle = recycle ? [] : undefined;
  }

  get runs(): readonly Run[] {
    return this.parts.runs;
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
    return new SoftMachine(this, { hostCall, record }, limits, this.#idle?.pop() ?? this.instance());
  }

  /** A new instance that stands at the snapshot. */
  instance(): SoftInstance {
    const { image, plan, attachments, runs, open, memoryBytes, budget } = this.parts;
    const instance = new SoftInstance(image, plan, memoryBytes, budget);
    attachments.forEach((bytes, index) => {
      instance.bytes.set(bytes, plan.attachments[index]?.address ?? 0);
    });
    for (const run of runs) if (run.bytes !== undefined) instance.bytes.set(run.bytes, run.address);
    instance.adopt(open);
    return instance;
  }

  /** Keeps an instance for a later machine, back at the snapshot and without a trace. */
  recycle(instance: SoftInstance): void {
    if (this.#idle === undefined || this.#idle.length >= IDLE_INSTANCES) return;
    if (instance.restore(this, true) !== undefined) this.#idle.push(instance);
  }

  close(): void {
    this.#idle = undefined;
    workerPool.forget(this.id);
  }
}

/**
 * Boots an image and takes its snapshot.
 *
 * @throws TwinwallError With the code that the guest or the driver gave.
 */
export function bootSnapshot(request: BootRequest): SoftSnapshot {
  const { limits } = request;
  const image = compileImage(request.image);
  warmUp(image);
  const plan = planMemory({
    attachments: request.attachments.map((attachment) => attachment.length),
    memoryBytes: limits.memoryBytes,
    memories: request.memories ?? 1,
    inputBytes: Math.max(limits.inputBytes, request.input.length),
    outputBytes: limits.outputBytes,
  });
  const budget = limits.memoryBytes + limits.outputBytes;
  const instance = new SoftInstance(image, plan, plan.memories, budget);
  request.attachments.forEach((bytes, index) => {
    instance.bytes.set(bytes, plan.attachments[index]?.address ?? 0);
  });
  const fixedSeed = request.seed === undefined ? undefined : new Uint32Array(request.seed.slice().buffer);
  try {
    runBoot(request, instance, fixedSeed);
  } catch (thrown) {
    const { failure } = thrown instanceof Stop ? thrown : crash(thrown);
    throw failureToError(failure, { limits, subject: "boot" });
  }
  const parts = capture(instance, { image, plan, attachments: request.attachments, budget, fixedSeed });
  return new SoftSnapshot(parts, request.recycle);
}

function runBoot(request: BootRequest, instance: SoftInstance, fixedSeed: Uint32Array | undefined): void {
  const { limits, input } = request;
  const now = performance.now();
  const address = instance.openInput(input.length) ?? 0;
  instance.bytes.set(input, address);
  writeRequest(instance, limits, now, fixedSeed, address, input.length);
  instance.words[RequestWord.KindAndFlags] = CallKind.Boot;
  // What runs before the snapshot is bounded by the deadline alone.
  writeFuel(instance.words, unlimitedFuel, limits.deadlineUs);
  const exchange = new Exchange();
  exchange.begin(instance, request, limits, deadlineAt(now, limits), address, input.length);
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
  of: Pick<SnapshotParts, "image" | "plan" | "attachments" | "budget" | "fixedSeed">,
): SnapshotParts {
  const { image, plan } = of;
  const open = { ...instance.openEnds(), output: initialEnds(plan).output };
  const ranges = [[image.writableStart, image.staticEnd] as const, ...stateRanges(plan, open)];
  const runs = ranges.flatMap(([start, end]) => cutRuns(instance.bytes, start, end - start));
  return { ...of, runs, open, memoryBytes: instance.memoryBytes };
}
