import { describe, expect, it } from "vitest";
import { judge, notMeasured } from "../src/row.js";

const base = { id: "x", what: "x", unit: "ns", goal: "small" } as const;

describe("judge", () => {
  it("meets a goal exactly at the limit", () => {
    expect(judge({ ...base, value: 100, limit: 100 }).verdict).toEqual({ kind: "met" });
  });

  it("says by which share a goal was missed", () => {
    const { verdict } = judge({ ...base, value: 150, limit: 100 });
    expect(verdict).toEqual({ kind: "missed", by: 0.5 });
  });

  it("states a figure that has no limit", () => {
    expect(judge({ ...base, value: 1 }).verdict).toEqual({ kind: "stated" });
  });

  it("puts the value in terms of its floor", () => {
    expect(judge({ ...base, value: 30, floor: 20 }).ratio).toBe(1.5);
  });
});

describe("notMeasured", () => {
  it("never counts as met", () => {
    expect(notMeasured(base, "no KVM").verdict).toEqual({ kind: "not measured", reason: "no KVM" });
  });
});
