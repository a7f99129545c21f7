import { describe, expect, it } from "vitest";
import { check } from "../src/doctor/check.js";
import { describeCpu } from "../src/doctor/cpu.js";
import { checkSplitLocks } from "../src/doctor/split-locks.js";

const FLAGS = "fpu pni ssse3 fma sse4_1 sse4_2 popcnt avx abm bmi1 avx2 bmi2";

describe("describeCpu", () => {
  it("is content with an x86-64-v3 processor", () => {
    expect(describeCpu(`processor : 0\nmodel name\t: Test CPU\nflags\t\t: ${FLAGS}\n`)).toMatch(
      /^Test CPU, has all/,
    );
  });

  it("names what is missing, and is not taken in by longer names", () => {
    const cpuinfo = `model name\t: Old CPU\nflags\t\t: ${FLAGS.replace("avx2", "avx2_other").replace("abm", "")}\n`;
    expect(() => describeCpu(cpuinfo)).toThrow("Old CPU lacks abm, avx2, which code for kvm uses");
  });
});

describe("checkSplitLocks", () => {
  it("is a problem where guests can end this process, and a warning where they slow it down", () => {
    expect(checkSplitLocks(true, "none")).toMatchObject({ status: "ok" });
    expect(checkSplitLocks(true, "slow")).toMatchObject({ status: "warning" });
    expect(checkSplitLocks(true, "fatal")).toMatchObject({ status: "problem" });
    expect(checkSplitLocks(false, "slow")).toMatchObject({ status: "ok" });
    expect(checkSplitLocks(false, "fatal")).toMatchObject({ status: "missing" });
  });
});

describe("check", () => {
  it("keeps what was found", async () => {
    expect(await check("x", () => "fine")).toEqual({ name: "x", status: "ok", detail: "fine" });
  });

  it("turns an error into the status that it stands for", async () => {
    const fail = (): string => {
      throw new Error("broken");
    };
    expect(await check("x", fail)).toEqual({ name: "x", status: "problem", detail: "broken" });
    expect((await check("x", fail, "missing")).status).toBe("missing");
  });
});
