import { describe, expect, it } from "vitest";
import { HEAD_BYTES, writeHead, writeLength } from "../../src/wit/frame.js";
import type { WitType } from "../../src/wit/types.js";
import { createValuesCodec } from "../../src/wit/values-codec.js";
import { bytesOf, hexOf, readVectors } from "../vectors.js";
import { fromJson } from "./from-json.js";

interface Vector {
  about: string;
  type: WitType;
  image: string;
}
interface ValueVector extends Vector {
  value: Parameters<typeof fromJson>[1];
}
interface FrameVector {
  about: string;
  frame: string;
}
const { good, lenient, bad, frames } = readVectors<{
  good: ValueVector[];
  lenient: ValueVector[];
  bad: Vector[];
  frames: { good: (FrameVector & { image: string })[]; bad: FrameVector[] };
}>("values");

function codecOf(type: WitType) {
  return createValuesCodec({ function: "f", role: "parameter" }, [{ name: "value", type }]);
}

function frameOf(image: string): Uint8Array {
  const bytes = bytesOf(image);
  const frame = new Uint8Array(HEAD_BYTES + bytes.length);
  const view = new DataView(frame.buffer);
  writeHead(view);
  writeLength(view, bytes.length);
  frame.set(bytes, HEAD_BYTES);
  return frame;
}

describe("images of the vectors", () => {
  it.each(good)("are written: $about", ({ type, value, image }) => {
    expect(
      hexOf(
        codecOf(type)
          .encode([fromJson(type, value)])
          .subarray(HEAD_BYTES),
      ),
    ).toBe(image);
  });

  it.each([...good, ...lenient])("are read: $about", ({ type, value, image }) => {
    expect(codecOf(type).decode(frameOf(image))).toEqual([fromJson(type, value)]);
  });

  it.each(bad)("are refused: $about", ({ type, image }) => {
    expect(() => codecOf(type).decode(frameOf(image))).toThrow(
      /^E_BAD_REPLY: f: parameter( value.*)? is malformed: /,
    );
  });
});

describe("frames of the vectors", () => {
  const codec = codecOf({ kind: "list", element: { kind: "u8" } });

  it.each(frames.good)("are read: $about", ({ frame, image }) => {
    expect(hexOf(codec.encode(codec.decode(bytesOf(frame))).subarray(HEAD_BYTES))).toBe(image);
  });

  it.each(frames.bad)("are refused: $about", ({ frame }) => {
    expect(() => codec.decode(bytesOf(frame))).toThrow("E_BAD_REPLY: f: malformed values: ");
  });
});
