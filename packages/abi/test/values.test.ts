import { describe, expect, it } from "vitest";
import { isScalar, showSignature, t } from "../src/values.js";

describe("value types", () => {
  it.each([
    ["i32", [0, -1, 2 ** 31 - 1, -(2 ** 31)], [2 ** 31, 1.5, 1n, "1", Number.NaN, true, undefined]],
    ["u32", [0, 2 ** 32 - 1], [-1, 2 ** 32, 1n]],
    ["i64", [0n, -(2n ** 63n), 2n ** 63n - 1n], [2n ** 63n, 1, "1"]],
    ["u64", [0n, 2n ** 64n - 1n], [-1n, 2n ** 64n, 1]],
    ["f32", [0, 1.5, Number.NaN, Number.POSITIVE_INFINITY], [1n, "1"]],
    ["f64", [0, 1.5, Number.NaN], [1n, "1"]],
    ["bool", [true, false], [0, 1, undefined]],
    ["bytes", [new Uint8Array(0), Buffer.from("x")], ["x", [1], new ArrayBuffer(1)]],
  ] as const)("%s takes what it should and nothing else", (name, good, bad) => {
    for (const value of good) expect(t[name].accepts(value), String(value)).toBe(true);
    for (const value of bad) expect(t[name].accepts(value), String(value)).toBe(false);
  });

  it("travel as core types", () => {
    expect(t.u64.core).toBe("i64");
    expect(t.bool.core).toBe("i32");
    expect(t.bytes.core).toBeUndefined();
  });

  it("are shown as signatures", () => {
    expect(showSignature(["i32", "i64"], ["f64"])).toBe("(i32, i64) -> f64");
    expect(showSignature([], [])).toBe("() -> ()");
    expect(showSignature([], ["i32", "i32"])).toBe("() -> (i32, i32)");
    expect(isScalar("v128")).toBe(false);
    expect(isScalar("f32")).toBe(true);
  });
});
