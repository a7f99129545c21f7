import { expect } from "vitest";
import type { Guest } from "./guest.js";
import { randomNumbers } from "./random.js";

const page = 65_536;

/**
 * Puts a guest's allocator through thousands of allocations of all sizes that are freed in no order: they are aligned, lie
 * apart, keep their contents, and leave the memory as large as it was after the first rounds.
 *
 * @param alignment what every pointer is a multiple of
 */
export function expectSoundAllocator({ exports }: Guest, alignment: number): void {
  const random = randomNumbers(1);
  const sizes = [() => random(64), () => random(5_000), () => random(200_000)];
  let live: { pointer: number; size: number; mark: number }[] = [];
  const view = () => new Uint8Array(exports.memory.buffer);

  const free = (index: number) => {
    const [block] = live.splice(index, 1);
    if (block === undefined) return;
    const bytes = view().subarray(block.pointer, block.pointer + block.size);
    expect(bytes.every((byte) => byte === block.mark)).toBe(true);
    exports.twinwall_free(block.pointer, block.size);
  };
  const allocate = (round: number) => {
    const size = sizes[random(sizes.length)]?.() ?? 0;
    const pointer = exports.twinwall_allocate(size) >>> 0;
    expect(pointer).not.toBe(0);
    expect(pointer % alignment).toBe(0);
    if (size === 0) return exports.twinwall_free(pointer, 0);
    expect(pointer + size).toBeLessThanOrEqual(exports.memory.buffer.byteLength);
    const overlaps = live.some(
      (block) => pointer < block.pointer + block.size && block.pointer < pointer + size,
    );
    expect(overlaps).toBe(false);
    const mark = round % 251;
    view().fill(mark, pointer, pointer + size);
    live.push({ pointer, size, mark });
  };

  const pages: number[] = [];
  for (let round = 0; round < 6; round++) {
    for (let step = 0; step < 1_000; step++) {
      if (live.length < 20 || random(2) === 0) allocate(step);
      else free(random(live.length));
      if (live.length > 60) free(0);
    }
    while (live.length > 0) free(random(live.length));
    live = [];
    pages.push(exports.memory.buffer.byteLength / page);
  }
  // All was freed after each round: what a round needs at most, the others need too.
  expect(Math.max(...pages)).toBeLessThanOrEqual(2 * (pages[1] ?? 0));
  expect(pages.at(-1)).toBeLessThanOrEqual((pages[2] ?? 0) + 16);
}

/** Blocks that are a little larger each time find room where those before were. */
export function expectReuse({ exports }: Guest): void {
  const step = 1_000;
  for (let size = step; size <= 500 * step; size += step) {
    const pointer = exports.twinwall_allocate(size);
    expect(pointer).not.toBe(0);
    exports.twinwall_free(pointer, size);
  }
  expect(exports.memory.buffer.byteLength).toBeLessThan(5 * 500 * step);
}

/** What there is no memory for, there is no pointer to. */
export function expectRefusals({ exports }: Guest): void {
  for (const size of [-1, -8, -16, -4_096, -1_000_000]) {
    expect(exports.twinwall_allocate(size)).toBe(0);
  }
  expect(exports.twinwall_allocate(16)).not.toBe(0);
}
