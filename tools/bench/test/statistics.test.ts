import { describe, expect, it } from "vitest";
import { geometricMean, median, quantile, summarize } from "../src/statistics.js";

describe("quantile", () => {
  it("interpolates between neighbours", () => {
    expect(quantile([10, 20, 30, 40, 50], 0.25)).toBe(20);
    expect(quantile([0, 10], 0.3)).toBeCloseTo(3);
  });

  it("does not depend on the order and leaves the samples as they were", () => {
    const samples = [3, 1, 2];
    expect(median(samples)).toBe(2);
    expect(samples).toEqual([3, 1, 2]);
  });

  it("sorts by value, not by text", () => {
    expect(median([9, 10, 100])).toBe(10);
  });

  it("refuses an empty series and fractions outside 0 … 1", () => {
    expect(() => median([])).toThrow(RangeError);
    expect(() => quantile([1], 1.1)).toThrow(RangeError);
    expect(() => quantile([1], Number.NaN)).toThrow(RangeError);
  });
});

describe("summarize", () => {
  it("finds median, 99th percentile and minimum of 1 … 101", () => {
    const samples = Array.from({ length: 101 }, (_, index) => 101 - index);
    expect(summarize(samples)).toEqual({ count: 101, median: 51, p99: 100, minimum: 1 });
  });
});

describe("geometricMean", () => {
  it("lets twice as fast and twice as slow cancel out", () => {
    expect(geometricMean([2, 0.5])).toBeCloseTo(1);
    expect(geometricMean([1, 10, 100])).toBeCloseTo(10);
  });

  it("refuses what has no logarithm", () => {
    expect(() => geometricMean([])).toThrow(RangeError);
    expect(() => geometricMean([1, 0])).toThrow(RangeError);
  });
});
