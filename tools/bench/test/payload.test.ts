import { describe, expect, it } from "vitest";
import { Payload, WrongBytesError } from "../src/payload.js";

describe("Payload", () => {
  it("accepts the right answer and changes the question", () => {
    const payload = new Payload("test", 128);
    const before = payload.input.slice();
    payload.output.set(payload.input);
    payload.length = 128;
    payload.check();
    expect(payload.input).not.toEqual(before);
    expect(payload.output.every((byte) => byte === 0)).toBe(true);
  });

  it("refuses an answer left over from the call before, a wrong byte, and a wrong length", () => {
    const payload = new Payload("test", 128);
    payload.output.set(payload.input);
    payload.length = 127;
    expect(payload.check).toThrow(WrongBytesError);
    payload.length = 128;
    payload.output[5] = (payload.output[5] ?? 0) ^ 1;
    expect(payload.check).toThrow(WrongBytesError);
    payload.output.set(payload.input);
    payload.check();
    expect(payload.check).toThrow("test: the answer is not what was sent");
  });
});
