import { describe, expect, it } from "vitest";
import { FigureTable } from "../../src/envoy/figures.js";
import { figuresOf } from "./support.js";

describe("FigureTable", () => {
  it("finds figures, sizes and paths", () => {
    const big = figuresOf("v8", [40], 4096);
    const fresh = figuresOf("bare", [90], 128, "new");
    const table = new FigureTable([big, figuresOf("bare", [30]), fresh]);
    expect(table.sizes).toEqual([128, 4096]);
    expect(table.paths).toEqual(["v8", "bare"]);
    expect(table.find("v8", 4096)).toBe(big);
    expect(table.find("bare", 128, "new")).toBe(fresh);
    expect(table.find("v8", 128)).toBeUndefined();
  });

  it("compares two paths round by round, so that what disturbs a round falls out", () => {
    const table = new FigureTable([figuresOf("bare", [30, 90, 30, 31]), figuresOf("v8", [40, 101, 42, 40])]);
    expect(table.added("v8", "bare")).toBe(10_500);
  });

  it("takes all sizes together, or those that it is asked for", () => {
    const table = new FigureTable([
      figuresOf("bare", [30], 128),
      figuresOf("v8", [40], 128),
      figuresOf("bare", [30], 4096),
      figuresOf("v8", [60], 4096),
    ]);
    expect(table.added("v8", "bare")).toBe(20_000);
    expect(table.added("v8", "bare", [4096])).toBe(30_000);
    expect(table.typical("v8")).toBe(50_000);
  });

  it("leaves new connections out of comparisons", () => {
    const table = new FigureTable([
      figuresOf("bare", [100], 128, "new"),
      figuresOf("v8", [900], 128, "new"),
      figuresOf("bare", [30]),
      figuresOf("v8", [40]),
    ]);
    expect(table.added("v8", "bare")).toBe(10_000);
  });

  it("does not compare what was not measured", () => {
    const table = new FigureTable([figuresOf("bare", [30])]);
    expect(table.added("v8", "bare")).toBeUndefined();
    expect(table.added("bare", "v8")).toBeUndefined();
    expect(table.typical("v8")).toBeUndefined();
  });
});
