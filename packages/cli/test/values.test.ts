import { describe, expect, it } from "vitest";
import { parseArguments, toJson, toScalars } from "../src/values.js";

describe("parseArguments", () => {
  it("takes a JSON array and nothing else", () => {
    expect(parseArguments('[1, "2"]')).toEqual([1, "2"]);
    expect(() => parseArguments("1")).toThrow(/JSON array/);
    expect(() => parseArguments("[1")).toThrow(/not JSON/);
  });
});

describe("toScalars", () => {
  it("keeps 64-bit integers exact", () => {
    expect(toScalars(["9223372036854775807", 5], ["i64", "i64"], "f")).toEqual([2n ** 63n - 1n, 5n]);
    expect(() => toScalars([2 ** 60], ["i64"], "f")).toThrow(/no i64/);
    expect(() => toScalars(["9223372036854775808"], ["i64"], "f")).toThrow(/no i64/);
  });

  it("takes NaN and infinities of floats as strings", () => {
    const values = toScalars(["NaN", "-Infinity", 0.5], ["f64", "f32", "f64"], "f");
    expect(values).toEqual([Number.NaN, Number.NEGATIVE_INFINITY, 0.5]);
    expect(() => toScalars(["1.5"], ["f64"], "f")).toThrow(/no f64/);
  });

  it("refuses what is no signed 32-bit integer", () => {
    expect(toScalars([-(2 ** 31)], ["i32"], "f")).toEqual([-(2 ** 31)]);
    for (const value of [1.5, 2 ** 31, "1", null, true]) {
      expect(() => toScalars([value], ["i32"], "f")).toThrow(/E_TYPE: --args: value 0 is no i32/);
    }
  });

  it("says how many the function takes", () => {
    expect(() => toScalars([1], ["i32", "f64"], "area")).toThrow(
      "E_TYPE: area takes (i32, f64), --args has 1 values",
    );
  });
});

describe("toJson", () => {
  it("writes what JSON has no number for as strings", () => {
    expect(toJson(-(2n ** 63n))).toBe("-9223372036854775808");
    expect(toJson(Number.NaN)).toBe("NaN");
    expect(toJson(Number.NEGATIVE_INFINITY)).toBe("-Infinity");
    expect(toJson(undefined)).toBeNull();
    expect(toJson([1, 2n])).toEqual([1, "2"]);
  });
});
