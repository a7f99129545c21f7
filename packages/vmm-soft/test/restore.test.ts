import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutRuns } from "../src/contents.js";
import { planMemory } from "../src/plan.js";

describe("runs of a snapshot", () => {
  it("rebuild memory exactly, whatever it holds", () => {
    const piece = fc.tuple(fc.constantFrom(0, 0, 7), fc.integer({ min: 1, max: 20_000 }));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.integer({ min: 0, max: 300 }), (pieces, start) => {
        const memory = Uint8Array.from(
          pieces.flatMap(([value, length]) => Array.from({ length }, (_, at) => (value + at * value) & 0xff)),
        );
        const from = Math.min(start, memory.length);
        const rebuilt = memory.slice().fill(0xee, from);
        let next = from;
        for (const { address, length, bytes } of cutRuns(memory, from, memory.length - from)) {
          expect(address).toBe(next);
          next += length;
          if (bytes === undefined) rebuilt.fill(0, address, next);
          else rebuilt.set(bytes, address);
        }
        expect(next).toBe(memory.length);
        expect(Buffer.compare(rebuilt, memory)).toBe(0);
      }),
      { numRuns: 200, seed: 3 },
    );
  });

  it("keep long zeros out of what is copied", () => {
    const memory = new Uint8Array(200_000);
    memory[100_000] = 1;
    const copied = cutRuns(memory, 0, memory.length).reduce(
      (sum, { bytes }) => sum + (bytes?.length ?? 0),
      0,
    );
    expect(copied).toBeLessThanOrEqual(4096);
  });
});

describe("the plan of a memory", () => {
  const needs = {
    attachments: [1_000_000, 10],
    memoryBytes: 64 * 2 ** 20,
    memories: 1,
    outputBytes: 2 ** 20,
  };

  it("has windows in order that do not overlap, within 4 GiB", () => {
    for (const memories of [0, 1, 3, 40]) {
      const plan = planMemory({ ...needs, memories });
      const linear = { address: plan.memories, bytes: plan.memoryCount * plan.memoryStride };
      const { attachments, outbox, input, output, stack, heap, farInput, farHeap } = plan;
      const windows = [
        ...attachments,
        { address: plan.mailbox, bytes: 4096 },
        outbox,
        input,
        output,
        stack,
        heap,
        linear,
        farInput,
        farHeap,
      ];
      windows.reduce((end, { address, bytes }) => {
        expect(address).toBeGreaterThanOrEqual(end);
        return address + bytes;
      }, 0);
      expect(plan.end).toBeLessThan(2 ** 32);
      expect(plan.memoryCount).toBe(Math.max(memories, 1));
    }
  });

  it("has room for large inputs and tables, however large memories may become", () => {
    for (const memories of [1, 5]) {
      const { farInput, farHeap } = planMemory({ ...needs, memoryBytes: 2 ** 32, memories });
      expect(farInput.bytes).toBeGreaterThanOrEqual(2 ** 26);
      expect(farHeap.bytes).toBeGreaterThanOrEqual(2 ** 26);
    }
  });

  it("refuses what cannot fit", () => {
    expect(() => planMemory({ ...needs, attachments: [2 ** 32] })).toThrow("E_MEMORY");
    expect(() => planMemory({ ...needs, outputBytes: 2 ** 32 })).toThrow("E_MEMORY");
  });
});
