import { describe, expect, it } from "vitest";
import { formatBacktrace, MAX_FRAMES, parseBacktrace } from "../src/backtrace.js";
import { TwinwallError } from "../src/error.js";

describe("TwinwallError", () => {
  it("shows its code in front of the message and keeps the cause", () => {
    const cause = new RangeError("too far");
    const error = new TwinwallError("E_HOST_FUNCTION", "it failed", { cause });
    expect(error.message).toBe("E_HOST_FUNCTION: it failed");
    expect(error.rawMessage).toBe("it failed");
    expect(error.cause).toBe(cause);
    expect(error.name).toBe("TwinwallError");
    expect(error.backtrace).toEqual([]);
  });

  it("has no cause where none was given", () => {
    expect("cause" in new TwinwallError("E_BUSY", "in use")).toBe(false);
  });

  it("knows the errors of a second copy of the package by their shape", () => {
    class Copy extends Error {
      override readonly name = "TwinwallError";
      readonly code = "E_BUSY";
      readonly rawMessage = "in use";
      readonly backtrace = [];
    }
    expect(new Copy("E_BUSY: in use")).toBeInstanceOf(TwinwallError);
  });

  it.each([new Error("no"), { name: "TwinwallError", code: "E_BUSY" }, null, "E_BUSY"])(
    "does not take %s",
    (value) => {
      expect((value as unknown) instanceof TwinwallError).toBe(false);
    },
  );

  it("does not take an error with a code outside the union", () => {
    const error = Object.assign(new Error("x"), {
      name: "TwinwallError",
      code: "E_X",
      rawMessage: "",
      backtrace: [],
    });
    expect(error instanceof TwinwallError).toBe(false);
  });

  it("wraps anything, and leaves its own as they are", () => {
    const own = new TwinwallError("E_BUSY", "in use");
    expect(TwinwallError.from(own)).toBe(own);
    const wrapped = TwinwallError.from(new RangeError("too far"), "E_TYPE");
    expect(wrapped.message).toBe("E_TYPE: too far");
    expect(wrapped.cause).toBeInstanceOf(RangeError);
    expect(TwinwallError.from("text").message).toBe("E_INTERNAL: text");
    expect(TwinwallError.from(Object.create(null)).code).toBe("E_INTERNAL");
    expect(TwinwallError.from(new DOMException("stop", "AbortError")).code).toBe("E_ABORTED");
  });
});

describe("backtraces", () => {
  it("are read a frame a line and shown for people", () => {
    const frames = parseBacktrace("3\tdivide\t0x4f\n12\t\t0x1a0\n0\tmain\t");
    expect(frames).toEqual([
      { index: 3, name: "divide", offset: 0x4f },
      { index: 12, name: undefined, offset: 0x1a0 },
      { index: 0, name: "main", offset: undefined },
    ]);
    expect(formatBacktrace(frames)).toBe(
      "0: divide (function 3, offset 0x4f)\n1: <unnamed> (function 12, offset 0x1a0)\n2: main (function 0)",
    );
  });

  it("skip lines of another shape, escape names, and end", () => {
    expect(parseBacktrace("")).toEqual([]);
    expect(parseBacktrace("x\ty\tz\n-1\ta\t0x1\n1\ta\tb\t0x1")).toEqual([]);
    expect(parseBacktrace("1\t\u001b[2Jx\t0x1")[0]?.name).toBe("\\x1b[2Jx");
    expect(parseBacktrace("1\tf\t0x1\n".repeat(1000))).toHaveLength(MAX_FRAMES);
  });
});
