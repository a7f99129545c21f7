import { describe, expect, it } from "vitest";
import { median } from "../src/echoes.js";
import { countersText, failingClosedText, latencyTable } from "../src/report.js";

describe("the report", () => {
  it("lines up latencies", () => {
    const bySize = new Map([
      [128, 42.4],
      [1024, 1042.6],
      [4096, 9],
    ]);
    const medians = [{ target: "Envoy alone", connection: "new", bySize }] as const;
    expect(latencyTable({ echoes: 1, bytes: 1, medians })).toBe(
      [
        "median, µs                    128 B   1 KiB   4 KiB",
        "new connection, Envoy alone      42    1043       9",
      ].join("\n"),
    );
  });

  it("leaves out counters that are 0", () => {
    expect(countersText({ chunks: 12, failures: 0, b: 3 })).toBe("  chunks  12\n  b       3");
    expect(countersText({})).toBe("");
  });

  it("says how the connection was closed", () => {
    expect(failingClosedText({ closed: "reset", bytesPassedOn: 0 })).toContain("closed by a reset, 0 bytes");
    expect(failingClosedText({ closed: "fin", bytesPassedOn: 7 })).toContain("closed by its end, 7 bytes");
  });
});

describe("median", () => {
  it("sorts by value", () => {
    expect(median([10, 9, 100])).toBe(10);
    expect(median([4, 1])).toBe(1);
    expect(median([])).toBeNaN();
  });
});
