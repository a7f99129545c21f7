import { describe, expect, it } from "vitest";
import { compare, timeRuns } from "../src/latency.js";
import { formatTable } from "../src/table.js";

describe("compare", () => {
  it("takes turns, and leaves the round that warms up out", () => {
    const order: string[] = [];
    const contender = (name: string, first: number) => {
      let next = first;
      return {
        name,
        run: (count: number) => {
          order.push(name);
          const time = next;
          next = 10;
          return Array.from({ length: count }, () => time);
        },
      };
    };
    const result = compare([contender("a", 1000), contender("b", 1000)], 2, 5);
    expect(order).toEqual(["a", "b", "a", "b", "a", "b"]);
    expect(result.get("a")).toEqual({ median: 10, p99: 10 });
  });
});

describe("timeRuns", () => {
  it("gives a time for each run", () => {
    let runs = 0;
    expect(timeRuns(4, () => void runs++)).toHaveLength(4);
    expect(runs).toBe(4);
  });
});

describe("formatTable", () => {
  it("lines the columns up", () => {
    expect(
      formatTable([
        ["name", "µs"],
        ["session call", "31.6"],
      ]),
    ).toBe("name             µs\nsession call   31.6");
  });
});
