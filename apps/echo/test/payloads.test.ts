import { describe, expect, it } from "vitest";
import { PIECE_BYTES, pieces, randomPayload, showSize, verify } from "../src/payloads.js";

describe("verify", () => {
  it("accepts equal bytes and nothing else", () => {
    const sent = randomPayload(1000);
    verify(sent, sent.slice());
    const wrong = sent.slice();
    wrong[999] = (wrong[999] ?? 0) ^ 1;
    expect(() => verify(sent, wrong)).toThrow("byte 999 of 1000 differs");
    expect(() => verify(sent, sent.subarray(1))).toThrow("1000 bytes went in, 999 came back");
  });
});

describe("pieces", () => {
  it("covers every byte once", () => {
    const bytes = randomPayload(2 * PIECE_BYTES + 5);
    const cut = [...pieces(bytes)];
    expect(cut.map(({ length }) => length)).toEqual([PIECE_BYTES, PIECE_BYTES, 5]);
    expect(Buffer.concat(cut).equals(bytes)).toBe(true);
  });

  it("sends an empty file too", () => {
    expect([...pieces(new Uint8Array())].map(({ length }) => length)).toEqual([0]);
  });
});

describe("showSize", () => {
  it("uses KiB where it is exact", () => {
    expect([128, 1024, 1025, 4096].map(showSize)).toEqual(["128 B", "1 KiB", "1025 B", "4 KiB"]);
  });
});
