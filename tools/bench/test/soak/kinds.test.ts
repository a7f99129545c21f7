import { describe, expect, it } from "vitest";
import { KINDS } from "../../src/soak/kinds.js";
import { expectFailure, expectRejection, expectSame, WrongOutcomeError } from "../../src/soak/outcome.js";

describe("kinds of calls", () => {
  it("are a thousand in all, and whole numbers of runs", () => {
    expect(KINDS.reduce((sum, { share }) => sum + share, 0)).toBe(1000);
    for (const { name, share, calls = 1 } of KINDS) expect(share % calls, name).toBe(0);
    expect(new Set(KINDS.map(({ name }) => name)).size).toBe(KINDS.length);
  });
});

describe("outcomes", () => {
  it("that are others than they must be fail", async () => {
    expect(() => expectSame("x", 1, 2)).toThrow(WrongOutcomeError);
    expect(() => expectFailure("x", "E_TRAP", () => 1)).toThrow("x: no E_TRAP");
    const other = new Error("another");
    expect(() =>
      expectFailure("x", "E_TRAP", () => {
        throw other;
      }),
    ).toThrow("x: not E_TRAP, but Error: another");
    await expect(expectRejection("x", "E_TRAP", Promise.resolve())).rejects.toThrow(WrongOutcomeError);
    await expect(expectRejection("x", "E_TRAP", Promise.reject(other))).rejects.toThrow("not E_TRAP");
  });
});
