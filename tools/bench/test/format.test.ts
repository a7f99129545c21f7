import { describe, expect, it } from "vitest";
import { formatMarkdown, formatText, formatValue, formatVerdict } from "../src/format.js";
import { judge, notMeasured } from "../src/row.js";

const call = judge({
  id: "call",
  what: "call",
  unit: "ns",
  samples: 2000,
  value: 33_000,
  p99: 41_000,
  floor: 30_000,
  goal: "≤ floor | 1.5 µs",
  limit: 31_500,
  note: "one exit",
});

describe("formatValue", () => {
  it.each([
    [31_640, "ns", "31.6 µs"],
    [882, "ns", "0.88 µs"],
    [2_104_000, "ns", "2.10 ms"],
    [188_416, "bytes", "184 KiB"],
    [-2_310_144, "bytes", "-2256 KiB"],
    [1204, "count", "1,204"],
    [1.0, "ratio", "1.00 ×"],
  ] as const)("writes %d %s as %s", (value, unit, text) => {
    expect(formatValue(value, unit)).toBe(text);
  });
});

describe("formatVerdict", () => {
  it("says by how much a goal was missed, and why something was not measured", () => {
    expect(formatVerdict(call)).toBe("missed by 4.8 %");
    expect(formatVerdict(notMeasured(call, "no KVM here"))).toBe("not measured: no KVM here");
  });
});

describe("formatText", () => {
  it("lines the columns up and puts notes below", () => {
    const lines = formatText([call]).split("\n");
    expect(lines).toHaveLength(4);
    expect(lines[2]).toMatch(/^call {2}33\.0 µs {2}41\.0 µs {2}30\.0 µs {2}1\.10 × {2}≤ floor/);
    expect(lines[3]).toBe("  call: one exit");
  });
});

describe("formatMarkdown", () => {
  it("escapes bars in cells", () => {
    const lines = formatMarkdown([call]).split("\n");
    expect(lines[1]).toBe("|---|---:|---:|---:|---:|---|---|");
    expect(lines[2]).toContain("≤ floor \\| 1.5 µs");
    expect(lines.at(-1)).toBe("* call: one exit");
  });
});
