import { errorNumbers, FUEL_UNLIMITED, parseLimits } from "@twinwall/abi";
import { describe, expect, it } from "vitest";
import { failureToError } from "../src/failure.js";
import { bootLimits, callLimits, commandLimits } from "../src/limits.js";

const limits = callLimits(parseLimits({ deadline: "50ms", fuel: 1000 }));
const subject = 'function "f"';

describe("failures of a driver", () => {
  it.each([
    ["E_DEADLINE", 0, "", 'E_DEADLINE: function "f" did not end within 50 ms'],
    ["E_FUEL", 0, "", 'E_FUEL: function "f" used up its 1000 units of fuel'],
    ["E_TRAP", 8, "", 'E_TRAP: function "f" trapped: integer divide by zero'],
    ["E_TRAP", 8, "integer divide by zero", 'E_TRAP: function "f" trapped: integer divide by zero'],
    ["E_TRAP", 11, "odd", 'E_TRAP: function "f" trapped: other trap (odd)'],
    ["E_GUEST_ERROR", -3, "no\nway", 'E_GUEST_ERROR: function "f" failed with code -3: no\\nway'],
    ["E_GUEST_ERROR", 7, "", 'E_GUEST_ERROR: function "f" failed with code 7'],
    ["E_LIMIT", 0, "", 'E_LIMIT: function "f": the call broke a limit'],
    ["E_MEMORY", 0, "no room", 'E_MEMORY: function "f": no room'],
  ] as const)("%s with detail %d and text %j", (code, detail, message, expected) => {
    const failure = { code: errorNumbers[code], detail, message, backtrace: "" };
    expect(failureToError(failure, { limits, subject }).message).toBe(expected);
  });

  it("keep the cause, the backtrace and the guest's number", () => {
    const cause = new Error("inner");
    const failure = { code: errorNumbers.E_GUEST_ERROR, detail: 9, message: "", backtrace: "1\tf\t0x2" };
    const error = failureToError(failure, { limits, subject, cause });
    expect(error.cause).toBe(cause);
    expect(error.guestCode).toBe(9);
    expect(error.backtrace).toEqual([{ index: 1, name: "f", offset: 2 }]);
    expect("cause" in failureToError(failure, { limits, subject })).toBe(false);
  });

  it("bound what a guest says", () => {
    const failure = {
      code: errorNumbers.E_GUEST_ERROR,
      detail: 1,
      message: "x".repeat(1_000_000),
      backtrace: "",
    };
    expect(failureToError(failure, { limits, subject }).message.length).toBeLessThan(5000);
  });

  it("of an unknown number are faults of ours", () => {
    expect(
      failureToError({ code: 77, detail: 0, message: "", backtrace: "" }, { limits, subject }).code,
    ).toBe("E_INTERNAL");
  });
});

describe("limits of machines", () => {
  it("of calls", () => {
    expect(callLimits(parseLimits({ memory: "1MiB", deadline: "none" }))).toEqual({
      memoryBytes: 1_048_576,
      inputBytes: 1_048_576,
      outputBytes: 1_048_576,
      outboxBytes: 65_536,
      hostCalls: 10_000,
      hostBytes: 67_108_864,
      cpuTimeUs: 0,
      deadlineUs: 0,
      fuel: FUEL_UNLIMITED,
    });
  });

  it("of boots: never less than a second, and none where none was wanted", () => {
    expect(bootLimits(parseLimits({ deadline: "5ms" })).deadlineUs).toBe(1_000_000);
    expect(bootLimits(parseLimits({ deadline: "5s" })).deadlineUs).toBe(5_000_000);
    expect(bootLimits(parseLimits({ deadline: "none" })).deadlineUs).toBe(0);
  });

  it("of commands: stdin may be larger than memory", () => {
    const command = commandLimits(parseLimits({ memory: "1MiB" }), 123);
    expect(command.inputBytes).toBeGreaterThan(2 ** 29);
    expect(command.outboxBytes).toBe(123);
  });
});
