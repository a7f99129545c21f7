import { describe, expect, it } from "vitest";
import {
  answerLayout,
  imageHeaderLayout,
  mailboxOffsets,
  readStruct,
  reportLayout,
  requestLayout,
  writeStruct,
} from "../src/mailbox.js";
import { bytesOf, hexOf, readVectors } from "./vectors.js";

interface Vectors {
  offsets: Record<string, number>;
  structs: { struct: string; values: Record<string, number | string>; bytes: string }[];
}

const layouts = {
  Request: requestLayout,
  Answer: answerLayout,
  Report: reportLayout,
  ImageHeader: imageHeaderLayout,
} as const;
const vectors = readVectors<Vectors>("structs");

describe("structs of the mailbox", () => {
  it("lie where the vectors say", () => {
    expect(mailboxOffsets).toEqual(vectors.offsets);
  });

  it.each(vectors.structs)("$struct has the bytes of the vector", ({ struct, values, bytes }) => {
    const layout = layouts[struct as keyof typeof layouts];
    const expected = bytesOf(bytes);
    const read = readStruct(new DataView(expected.buffer), 0, layout);
    const shown = Object.entries(read).map(([name, value]) => [name, show(value)]);
    expect(Object.fromEntries(shown)).toEqual(values);
    const written = new Uint8Array(expected.length);
    writeStruct(new DataView(written.buffer), 0, layout, read as never);
    expect(hexOf(written)).toBe(bytes);
  });
});

function show(value: number | bigint | Uint8Array): number | string {
  if (value instanceof Uint8Array) return hexOf(value);
  return typeof value === "bigint" ? value.toString() : value;
}
