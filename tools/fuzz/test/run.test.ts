import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseOptions } from "../src/options.js";
import { readCorpus, runTarget } from "../src/run.js";
import { parseResults } from "../src/rust.js";
import { formatResult } from "../src/table.js";
import { isRefusal, type Target } from "../src/target.js";

/** A reader with a bug: it trips over a first byte that is odd. */
const faulty: Target = {
  name: "outbox",
  reads: "nothing of value",
  run(bytes) {
    if (((bytes[0] ?? 0) & 1) === 1 && bytes.length > 40) throw new RangeError("it trips");
    return "refused";
  },
};

it("says of a target that did not run that it was skipped", () => {
  const nothing = { target: "kvm-report", cases: 0, read: 0, refused: 0, seconds: 0 };
  expect(formatResult(nothing)).toContain("skipped: no /dev/kvm");
});

it("runs nothing of a target that misses something, and says what", async () => {
  const result = await runTarget({ ...faulty, missing: () => "no such machine" }, 5000, 9);
  expect(result).toMatchObject({ cases: 0, skipped: "no such machine" });
  expect(result.finding).toBeUndefined();
  expect(formatResult(result)).toContain("skipped: no such machine");
});

describe("a finding", () => {
  it("names its case, and its input is kept", async () => {
    const { finding } = await runTarget(faulty, 5000, 9);
    expect(finding).toMatch(/^(case \d+ of seed 9|corpus file .*): RangeError: it trips; input: /);
    const file = String(finding).split("input: ")[1] ?? "";
    expect(() => faulty.run(new Uint8Array(readFileSync(file)))).toThrow("it trips");
    expect((await runTarget(faulty, 5000, 9)).finding).toBe(finding);
    expect(formatResult(await runTarget(faulty, 5000, 9))).toContain("FOUND");
  });

  it("is also what takes too long", async () => {
    const slow: Target = { ...faulty, mostMilliseconds: -1, run: () => "read" };
    expect((await runTarget(slow, 1, 1)).finding).toContain("more than -1");
  });

  it("is any error that is no typed refusal", () => {
    expect(isRefusal(new RangeError("x"), ["E_BAD_REPLY"])).toBe(false);
  });
});

it("reads what programs in Rust say", () => {
  const text =
    "running 1 test\nfuzz\tabi-outbox\t3\t4\t0.50\nfuzz\tkvm-image\t1\t0\t0.01\tcase 2 of seed 1: panic\nok";
  expect(parseResults(text)).toEqual([
    { target: "abi-outbox", cases: 7, read: 3, refused: 4, seconds: 0.5, finding: undefined },
    { target: "kvm-image", cases: 1, read: 1, refused: 0, seconds: 0.01, finding: "case 2 of seed 1: panic" },
  ]);
});

it("refuses options that make no sense", () => {
  expect(parseOptions(["--cases", "5", "--target", "wit"])).toEqual({ cases: 5, seed: 1, targets: ["wit"] });
  for (const args of [["--cases", "0"], ["--cases", "-1"], ["--seed", "x"], ["--turn"], ["more"]])
    expect(() => parseOptions(args), args.join(" ")).toThrow();
});

it("has inputs", () => {
  expect(readCorpus("values").length).toBeGreaterThan(20);
});
