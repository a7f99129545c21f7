import { type MemoryPlan, OUTPUT_OPEN } from "./plan.js";

/** Where what is open in each window ends, as guest addresses. */
export interface OpenEnds {
  heap: number;
  farHeap: number;
  output: number;
  readonly memories: number[];
}

/** A window that a guest may open further: what of it is open, and its own end. */
export interface OpenWindow {
  readonly last: number;
  get(): number;
  set(end: number): void;
}

/** What is open before anything ran. */
export function initialEnds(plan: MemoryPlan): OpenEnds {
  return {
    heap: plan.heap.address,
    farHeap: plan.farHeap.address,
    output: plan.output.address + OUTPUT_OPEN,
    memories: Array.from(
      { length: plan.memoryCount },
      (_, index) => plan.memories + index * plan.memoryStride,
    ),
  };
}

/** A copy that does not follow the original. */
export function copyEnds(ends: Readonly<OpenEnds>): OpenEnds {
  return { ...ends, memories: [...ends.memories] };
}

/** Bytes that are open, less those that were. */
export function openedBetween(was: Readonly<OpenEnds>, now: Readonly<OpenEnds>): number {
  const grown = now.memories.reduce((sum, end, index) => sum + end - (was.memories[index] ?? end), 0);
  return now.heap - was.heap + (now.farHeap - was.farHeap) + (now.output - was.output) + grown;
}

/** Ranges that hold a guest's own state, from their start to what is open: all but areas and stacks. */
export function stateRanges(plan: MemoryPlan, ends: Readonly<OpenEnds>): [start: number, end: number][] {
  return [
    [plan.heap.address, ends.heap],
    [plan.farHeap.address, ends.farHeap],
    ...ends.memories.map((end, index): [number, number] => [plan.memories + index * plan.memoryStride, end]),
  ];
}

/** The window of `ends` that holds `address`; `undefined` when none does that a guest may open. */
export function windowOf(plan: MemoryPlan, ends: OpenEnds, address: number): OpenWindow | undefined {
  const within = (base: number, bytes: number): boolean => address >= base && address < base + bytes;
  for (const name of ["heap", "farHeap", "output"] as const) {
    const window = plan[name];
    if (!within(window.address, window.bytes)) continue;
    const set = (end: number): void => {
      ends[name] = end;
    };
    return { last: window.address + window.bytes, get: () => ends[name], set };
  }
  const { memories, memoryStride, memoryCount } = plan;
  if (!within(memories, memoryCount * memoryStride)) return undefined;
  const index = Math.floor((address - memories) / memoryStride);
  const set = (end: number): void => {
    ends.memories[index] = end;
  };
  return { last: memories + (index + 1) * memoryStride, get: () => ends.memories[index] ?? 0, set };
}
