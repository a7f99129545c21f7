import { describe, expect, it } from "vitest";
import { interleave, timeEach, timeEachAsync } from "../src/interleave.js";

describe("interleave", () => {
  it("takes the series in turn and drops the round that warms up", async () => {
    const order: string[] = [];
    const series = ["a", "b"].map((name) => ({
      name,
      measure: (count: number) => {
        order.push(name);
        return Array.from({ length: count }, () => order.length);
      },
    }));
    const samples = await interleave(series, { rounds: 2, perRound: 3 });
    expect(order).toEqual(["a", "b", "a", "b", "a", "b"]);
    expect(samples.get("a")).toEqual([3, 3, 3, 5, 5, 5]);
    expect(samples.get("b")).toEqual([4, 4, 4, 6, 6, 6]);
  });
});

describe("timeEach", () => {
  it("runs as often as asked and gives a time each", () => {
    let runs = 0;
    const times = timeEach(5, () => void runs++);
    expect(runs).toBe(5);
    expect(times).toHaveLength(5);
    expect(times.every((time) => time >= 0)).toBe(true);
  });

  it("waits for what is awaited", async () => {
    let running = 0;
    const times = await timeEachAsync(3, async () => {
      running++;
      expect(running).toBe(1);
      await Promise.resolve();
      running--;
    });
    expect(times).toHaveLength(3);
  });
});
