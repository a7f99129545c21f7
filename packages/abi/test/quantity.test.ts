import { describe, expect, it } from "vitest";
import { defaultLimits, parseLimits } from "../src/limits.js";
import { parseDuration, parseSize } from "../src/quantity.js";
import { readVectors } from "./vectors.js";

const vectors = readVectors<{
  sizes: { text: string | number; bytes: number }[];
  badSizes: unknown[];
  times: { text: string | number; microseconds: number }[];
  badTimes: unknown[];
}>("quantities");

describe("the vectors that the Rust side reads too", () => {
  it.each(vectors.sizes)("$text is $bytes bytes", ({ text, bytes }) => {
    expect(parseSize(text, "memory")).toBe(bytes);
  });
  it.each(vectors.badSizes)("%s is no size", (value) => {
    expect(() => parseSize(value, "memory")).toThrow(/^E_OPTION: memory: /);
  });
  it.each(vectors.times)("$text is $microseconds us", ({ text, microseconds }) => {
    expect(parseDuration(text, "deadline")).toBe(microseconds);
  });
  it.each(vectors.badTimes)("%s is no time", (value) => {
    expect(() => parseDuration(value, "deadline")).toThrow(/^E_OPTION: deadline: /);
  });
});

describe("sizes", () => {
  it.each([
    ["0B", 0],
    ["1KiB", 1024],
    ["16MiB", 16 * 2 ** 20],
    ["2GiB", 2 * 2 ** 30],
    [4096, 4096],
  ])("%s is %d bytes", (text, bytes) => {
    expect(parseSize(text, "memory")).toBe(bytes);
  });

  it.each([
    "",
    "16",
    "16MB",
    "16 MiB",
    "1.5MiB",
    "-1B",
    "16mib",
    " 1B",
    "1B\n",
    "9007199254740993B",
    1.5,
    -1,
    Number.NaN,
    1n,
    null,
    {},
  ])("%s is refused, naming the option", (value) => {
    expect(() => parseSize(value, "memory")).toThrow(/^E_OPTION: memory: .* is no size/);
  });
});

describe("times", () => {
  it.each([
    ["1us", 1],
    ["50ms", 50_000],
    ["10s", 10_000_000],
    [20, 20_000],
    [0.5, 500],
  ])("%s is %d microseconds", (text, time) => {
    expect(parseDuration(text, "deadline")).toBe(time);
  });

  it.each(["", "50", "50 ms", "1m", "1.5s", "0ms", 0, -1, Number.POSITIVE_INFINITY, "none", undefined])(
    "%s is refused, naming the option",
    (value) => {
      expect(() => parseDuration(value, "deadline")).toThrow(/^E_OPTION: deadline: .* is no time/);
    },
  );
});

describe("limits", () => {
  it("have the documented defaults", () => {
    expect(parseLimits()).toEqual({
      memory: 67_108_864,
      deadline: 1_000_000,
      fuel: undefined,
      resultBytes: 1_048_576,
      hostCalls: 10_000,
      hostBytes: 67_108_864,
      cpuTime: undefined,
      nesting: 8,
      logBytes: 65_536,
    });
    expect(parseLimits({})).toEqual(defaultLimits);
  });

  it("are read where they are given", () => {
    const options = {
      memory: "1MiB",
      deadline: "none",
      fuel: 5,
      resultBytes: 10,
      hostCalls: 0,
      hostBytes: "2KiB",
      cpuTime: "5ms",
      nesting: 1,
      logBytes: "1KiB",
    } as const;
    expect(parseLimits(options)).toEqual({
      memory: 1_048_576,
      deadline: undefined,
      fuel: 5n,
      resultBytes: 10,
      hostCalls: 0,
      hostBytes: 2048,
      cpuTime: 5000,
      nesting: 1,
      logBytes: 1024,
    });
    expect(parseLimits({ fuel: "off" }).fuel).toBeUndefined();
  });

  it.each([
    [{ memroy: 1 }, 'unknown limit "memroy"'],
    [{ memory: "64GB" }, "memory: "],
    [{ memory: 2 ** 50 }, "memory: "],
    [{ deadline: "None" }, "deadline: "],
    [{ deadline: "99999999s" }, "deadline: "],
    [{ fuel: -1 }, "fuel: "],
    [{ fuel: 2n ** 64n - 1n }, "fuel: "],
    [{ resultBytes: "2GiB" }, "resultBytes: "],
    [{ hostCalls: 1.5 }, "hostCalls: "],
    [{ hostBytes: -1 }, "hostBytes: "],
    [{ cpuTime: 0 }, "cpuTime: "],
    [{ nesting: 65 }, "nesting: 65 is more than the largest possible, 64; 0 to 64 are allowed"],
    [7, "limits: expected an object of limits, found 7"],
  ])("%o is refused, naming it", (options, message) => {
    expect(() => parseLimits(options as never)).toThrow(
      `E_OPTION: ${message.startsWith("unknown") ? "limits: " : ""}${message}`,
    );
  });
});
