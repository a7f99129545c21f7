import { describe, expect, it } from "vitest";
import type { Echo } from "../src/echo.js";
import { timeCalls } from "../src/time-calls.js";

/** An echo that counts its calls and keeps what it was sent; the call number `spoilt` answers with one byte wrong. */
function countingEcho(spoilt?: number): Echo & { readonly sent: string[] } {
  const sent: string[] = [];
  return {
    sent,
    callInto(input, output) {
      sent.push(Buffer.from(input).toString("hex"));
      output.set(input);
      const last = input.length - 1;
      if (sent.length === spoilt) output[last] = (input[last] ?? 0) ^ 1;
      return input.length;
    },
    [Symbol.dispose]: () => undefined,
  };
}

describe("timeCalls", () => {
  it("gives a time for each block, and sends other bytes in each call", () => {
    const echo = countingEcho();
    const times = timeCalls(echo, 64, 5, 8);
    expect(times).toHaveLength(5);
    expect(times.every((time) => time >= 0)).toBe(true);
    expect(echo.sent).toHaveLength(40);
    expect(new Set(echo.sent).size).toBe(40);
  });

  it.each([1, 4, 8, 17])("notices a wrong byte in any call of a block: call %i", (call) => {
    expect(() => timeCalls(countingEcho(call), 64, 3, 8)).toThrow("wrong answer: byte 63 of 64 differs");
  });

  it("notices an answer that was not written at all", () => {
    const silent: Echo = { callInto: ({ length }) => length, [Symbol.dispose]: () => undefined };
    expect(() => timeCalls(silent, 64, 2, 1)).toThrow("wrong answer");
  });
});
