import { showText, TwinwallError } from "@twinwall/abi";
import { type Run, writeRuns } from "./contents.js";
import type { SoftImage } from "./image.js";
import { MAILBOX_WORDS, writeFrame } from "./mailbox.js";
import { copyEnds, initialEnds, type OpenEnds, openedBetween, stateRanges, windowOf } from "./open-ends.js";
import { type MemoryPlan, OUTPUT_OPEN, PAGE, up, WASM_PAGE } from "./plan.js";

/** Bytes that may open beside linear memories: the runtime's heap. As on KVM. */
const RUNTIME_BYTES = 32 * 2 ** 20;

/**
 * Bytes at the top of each stack that every restore clears. What lies deeper is dead as well, and no module can read
 * it; all of both stacks is cleared when a call failed and before an instance serves anybody else.
 */
const DEAD_STACK = 8 * 1024;

/** Bytes opened beyond the end of the snapshot's memory above which an instance is thrown away. */
const RETIRE_BYTES = 2 ** 20;

/** What a memory that grows gets beyond what was asked for, as a part of its size. */
const SPARE_SHARE = 8;

/** What an image exports. */
interface ImageExports {
  place(
    mailbox: number,
    stack: number,
    heap: number,
    heapBytes: number,
    farHeap: number,
    farHeapBytes: number,
    memories: number,
    memoryStride: number,
    memoryCount: number,
  ): void;
  boot(): void;
  dispatch(): void;
  warm(rounds: number): number;
}

/** A guest's state between two calls, to go on elsewhere. */
export interface InstanceState {
  readonly open: OpenEnds;
  readonly pieces: readonly Piece[];
}

/** A piece of memory. */
export interface Piece {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** What a snapshot gives to each of its instances. */
export interface Restorable {
  readonly runs: readonly Run[];
  /** What no guest may write: attachments, and what the image only reads. */
  readonly constants: readonly Run[];
  readonly open: Readonly<OpenEnds>;
  /** Bytes of memory that an instance has at the snapshot. */
  readonly memoryBytes: number;
}

/** An instance of an image, its memory, and what of it is open. */
export class SoftInstance {
  /** The whole memory. Replaced when it grows. */
  bytes: Uint8Array<ArrayBuffer>;
  /** The mailbox header. Replaced when memory grows. */
  words: Uint32Array;
  /** Serves the guest's gate; set by whoever runs it. */
  onGate: () => void = () => {};

  readonly #memory: WebAssembly.Memory;
  readonly #exports: ImageExports;
  /** Bytes that may still open. */
  #budget: number;
  /** How long memory had to be, bytes: what it has to spare is not counted. */
  #neededBytes: number;
  readonly #open: OpenEnds;
  /** Bytes of the far and near input that the host wrote since the last restore. */
  #input = 0;
  #farInput = 0;

  /**
   * @param memoryBytes Size of the memory, bytes: at least what is open.
   * @throws TwinwallError `E_NO_MACHINE` when the host has no memory for it, `E_INTERNAL` when the image is none.
   */
  constructor(
    readonly image: SoftImage,
    readonly plan: MemoryPlan,
    memoryBytes: number,
    budget: number,
  ) {
    this.#memory = makeMemory(up(memoryBytes, WASM_PAGE) / WASM_PAGE, up(plan.end, WASM_PAGE) / WASM_PAGE);
    this.#exports = makeInstance(image.module, {
      env: { memory: this.#memory },
      twinwall: { gate: () => this.onGate() },
    });
    this.#budget = budget + RUNTIME_BYTES;
    this.#neededBytes = memoryBytes;
    this.#open = initialEnds(plan);
    this.bytes = new Uint8Array(this.#memory.buffer);
    this.words = new Uint32Array(this.#memory.buffer, plan.mailbox, MAILBOX_WORDS);
  }

  /** Boots the guest; returns when it is ready or has given up. */
  boot(): void {
    this.#place();
    this.#exports.boot();
  }

  /** Interprets so many rounds of nothing; returns how many instructions that were. The instance is spent then. */
  warm(rounds: number): number {
    this.#place();
    return this.#exports.warm(rounds);
  }

  #place(): void {
    const { mailbox, stack, heap, farHeap, memories, memoryStride, memoryCount } = this.plan;
    this.#exports.place(
      mailbox,
      stack.address,
      heap.address,
      heap.bytes,
      farHeap.address,
      farHeap.bytes,
      memories,
      memoryStride,
      memoryCount,
    );
  }

  /** Serves one call; returns when the guest is done. */
  dispatch(): void {
    this.#exports.dispatch();
  }

  /** Writes the fields of a request that every call has. */
  frame(): void {
    const { output, outbox } = this.plan;
    writeFrame(this.words, { output: output.address, outbox: outbox.address, outboxBytes: outbox.bytes });
  }

  /** Bytes of the output area that are open. */
  get outputOpen(): number {
    return this.#open.output - this.plan.output.address;
  }

  /** What is open, as a copy. */
  openEnds(): OpenEnds {
    return copyEnds(this.#open);
  }

  /** The guest's state, copied. Between calls only. */
  exportState(): InstanceState {
    const { writableStart, staticEnd } = this.image;
    const ranges = [[writableStart, staticEnd] as const, ...stateRanges(this.plan, this.#open)];
    const pieces = ranges
      .filter(([start, end]) => end > start)
      .map(([start, end]) => ({ address: start, bytes: this.bytes.slice(start, end) }));
    return { open: this.openEnds(), pieces };
  }

  /**
   * Takes over the state of another instance of the same snapshot.
   *
   * @returns Whether there was memory for it.
   */
  importState({ open, pieces }: InstanceState): boolean {
    const end = pieces.reduce((last, { address, bytes }) => Math.max(last, address + bytes.length), 0);
    if (!this.#ensure(end)) return false;
    this.adopt(open);
    for (const { address, bytes } of pieces) this.bytes.set(bytes, address);
    return true;
  }

  get memoryBytes(): number {
    return this.bytes.length;
  }

  /** Where an input of so many bytes goes, answers of host functions behind it; `undefined` when there is no room. */
  openInput(bytes: number): number | undefined {
    const { input, farInput } = this.plan;
    if (bytes <= input.bytes) {
      if (bytes > this.#input) this.#input = bytes;
      return input.address;
    }
    if (bytes > farInput.bytes || !this.#ensure(farInput.address + bytes)) return undefined;
    if (bytes > this.#farInput) this.#farInput = bytes;
    return farInput.address;
  }

  /**
   * Opens `length` bytes from `address` on, for the guest; both come from it. What opens is zero.
   *
   * @returns Where what is open ends; `undefined` when the request is refused.
   */
  grow(address: number, length: number): number | undefined {
    const end = address + length;
    if (address % PAGE !== 0 || length % PAGE !== 0 || !Number.isSafeInteger(end)) return undefined;
    const window = windowOf(this.plan, this.#open, address);
    if (window === undefined || end > window.last) return undefined;
    const open = window.get();
    if (end <= open) return open;
    const existed = this.bytes.length;
    if (address > open || end - open > this.#budget || !this.#ensure(end)) return undefined;
    this.#budget -= end - open;
    window.set(end);
    // It may exist although it was closed, and a guest that broke out of the interpreter can have written to it then: in an
    // earlier call, for another session or sandbox. Whoever gets it counts on zeros. What the engine has just made is zero.
    if (existed > open) this.bytes.fill(0, open, Math.min(end, existed));
    return end;
  }

  /** Bytes that opened since the snapshot. */
  openedBytes(since: Readonly<OpenEnds>): number {
    return openedBetween(since, this.#open);
  }

  /** Renews the views of memory when it has grown behind the host's back, which no image does that keeps the contract. */
  refresh(): void {
    if (this.bytes.length > 0) return;
    this.#remember();
    // No restore covers what it grew by.
    this.#neededBytes = Number.POSITIVE_INFINITY;
  }

  /**
   * Puts memory back to the snapshot's.
   *
   * @param thorough Clears all of both stacks.
   * @returns Bytes written; `undefined` when the instance has grown too much and must be thrown away.
   */
  restore(snapshot: Restorable, thorough: boolean): number | undefined {
    const { bytes } = this;
    if (this.#neededBytes - snapshot.memoryBytes > RETIRE_BYTES) return undefined;
    return writeRuns(bytes, snapshot.runs) + this.#clearAreas(thorough) + this.#clearOpened(snapshot.open);
  }

  /** Takes over what a snapshot, or another instance, has open, on this one's budget. */
  adopt(open: Readonly<OpenEnds>): void {
    this.#budget -= openedBetween(this.#open, open);
    this.#open.heap = open.heap;
    this.#open.farHeap = open.farHeap;
    this.#open.output = open.output;
    open.memories.forEach((end, index) => {
      this.#open.memories[index] = end;
    });
  }

  /**
   * Puts back what only a guest that broke out of the interpreter can have changed: code of the module, constants of the
   * image, and the mailbox and the input area where no call uses them.
   */
  restoreConstants({ constants }: Pick<Restorable, "constants">): void {
    const { mailbox, outbox, input } = this.plan;
    writeRuns(this.bytes, constants);
    this.bytes.fill(0, mailbox, outbox.address);
    this.bytes.fill(0, input.address, input.address + input.bytes);
  }

  /** Clears mailbox, areas and stacks; returns how many bytes that were. */
  #clearAreas(thorough: boolean): number {
    const { mailbox, input, output, farInput, stack } = this.plan;
    const { bytes } = this;
    const stackTop = stack.address + stack.bytes;
    const interpreter = thorough ? stack.bytes : DEAD_STACK;
    const shadow = thorough ? this.image.stackBytes : Math.min(DEAD_STACK, this.image.stackBytes);
    const outputEnd = this.#open.output;
    // Mailbox, outbox and input are neighbours.
    bytes.fill(0, mailbox, input.address + this.#input);
    bytes.fill(0, output.address, outputEnd);
    bytes.fill(0, stackTop - interpreter, stackTop);
    bytes.fill(0, this.image.stackBytes - shadow, this.image.stackBytes);
    if (this.#farInput > 0) bytes.fill(0, farInput.address, farInput.address + this.#farInput);
    const cleared = input.address - mailbox + this.#input + this.#farInput + (outputEnd - output.address);
    this.#input = 0;
    this.#farInput = 0;
    return cleared + interpreter + shadow;
  }

  /** Clears what opened since the snapshot and closes it again; returns how many bytes that were. */
  #clearOpened(open: Readonly<OpenEnds>): number {
    const { bytes } = this;
    let cleared = 0;
    const close = (end: number, was: number): number => {
      if (end > was) {
        bytes.fill(0, was, end);
        cleared += end - was;
      }
      return was;
    };
    this.#open.heap = close(this.#open.heap, open.heap);
    this.#open.farHeap = close(this.#open.farHeap, open.farHeap);
    for (let index = 0; index < open.memories.length; index += 1) {
      this.#open.memories[index] = close(this.#open.memories[index] ?? 0, open.memories[index] ?? 0);
    }
    // The output was cleared with the areas.
    const output = this.plan.output.address + OUTPUT_OPEN;
    this.#budget += cleared + Math.max(this.#open.output - output, 0);
    this.#open.output = output;
    return cleared;
  }

  /** Makes memory at least so long; tells whether that worked. */
  #ensure(end: number): boolean {
    if (end > this.#neededBytes) this.#neededBytes = end;
    const missing = end - this.bytes.length;
    if (missing <= 0) return true;
    // Engines take their time over each growth of a large memory, so it has some to spare; pages that nobody touches
    // cost nothing.
    const spare = Math.min(this.bytes.length / SPARE_SHARE, this.plan.end - end);
    const grown = this.#grow(missing + Math.max(spare, 0)) || this.#grow(missing);
    if (grown) this.#remember();
    return grown;
  }

  #grow(bytes: number): boolean {
    try {
      this.#memory.grow(up(bytes, WASM_PAGE) / WASM_PAGE);
      return true;
    } catch {
      return false;
    }
  }

  #remember(): void {
    this.bytes = new Uint8Array(this.#memory.buffer);
    this.words = new Uint32Array(this.#memory.buffer, this.plan.mailbox, MAILBOX_WORDS);
  }
}

/** What the host calls. */
const ENTRIES = ["place", "boot", "dispatch", "warm"] as const;

function makeInstance(module: WebAssembly.Module, imports: WebAssembly.Imports): ImageExports {
  let exports: WebAssembly.Exports;
  try {
    ({ exports } = new WebAssembly.Instance(module, imports));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    // Engines tell so when they have no room for the code or its frames.
    if (error instanceof RangeError)
      throw new TwinwallError("E_NO_MACHINE", `the host starts no instance: ${reason}`, { cause: error });
    throw refused(reason, error);
  }
  for (const name of ENTRIES) {
    if (typeof exports[name] !== "function") throw refused(`it has no function ${name}`);
  }
  return exports as unknown as ImageExports;
}

function refused(reason: string, cause?: unknown): TwinwallError {
  const text = `the image of the soft machine is refused: ${showText(reason, 300)}`;
  return new TwinwallError("E_INTERNAL", text, cause === undefined ? {} : { cause });
}

function makeMemory(initial: number, maximum: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial, maximum });
  } catch (error) {
    throw new TwinwallError(
      "E_NO_MACHINE",
      `the host has no memory for another instance of ${initial} pages`,
      {
        cause: error,
      },
    );
  }
}
