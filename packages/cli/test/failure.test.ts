import { TwinwallError } from "@twinwall/abi";
import { expect, it, describe as suite } from "vitest";
import { describe, exitStatusOf, toFailureReport, UsageError } from "../src/failure.js";
import { ClosedStreamError } from "../src/streams.js";

suite("exitStatusOf", () => {
  it("is 2 for the command line's faults and 3 for the module's", () => {
    expect(exitStatusOf(new UsageError("x"))).toBe(2);
    expect(exitStatusOf(new TwinwallError("E_OPTION", "x"))).toBe(2);
    expect(exitStatusOf(new TwinwallError("E_TRAP", "x"))).toBe(3);
    expect(exitStatusOf(new RangeError("x"))).toBe(3);
  });

  it("ends like a program whose reader has gone, however deep the cause lies", () => {
    const cause = new ClosedStreamError("gone");
    expect(exitStatusOf(new TwinwallError("E_HOST_FUNCTION", "x", { cause }))).toBe(141);
  });
});

suite("describe", () => {
  it("stays on one line and shows no control character of the guest raw", () => {
    const line = describe(new TwinwallError("E_GUEST_ERROR", "a\nb\u001b[31m\u202e"));
    expect(line).toBe("E_GUEST_ERROR: a\\nb\\x1b[31m\\u{202e}");
  });
});

suite("toFailureReport", () => {
  it("gives a foreign error the code for a fault of Twinwall's own", () => {
    expect(toFailureReport(new Error("oops"))).toEqual({
      code: "E_INTERNAL",
      message: "oops",
      backtrace: [],
    });
  });
});
