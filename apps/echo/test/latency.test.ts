import { describe, expect, it } from "vitest";
import { compare } from "../src/latency.js";

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
