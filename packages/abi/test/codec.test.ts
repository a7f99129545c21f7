import { describe, expect, it } from "vitest";
import { type CallCodec, type Codec, codecPair } from "../src/index.js";

interface Point {
  readonly x: number;
  readonly y: number;
}

function jsonCodec<Value>(): Codec<Value> {
  return {
    name: "json",
    encode: (value) => new TextEncoder().encode(JSON.stringify(value)),
    decode: (bytes) => JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as Value,
  };
}

const hex: Codec<string> = {
  name: "hex",
  encode: (text) => Uint8Array.from(Buffer.from(text, "hex")),
  decode: (bytes) => Buffer.from(bytes).toString("hex"),
};

describe("a codec", () => {
  it("is a codec of calls whose argument and result have one type", () => {
    const codec: CallCodec<Point, Point> = jsonCodec<Point>();
    expect(codec.decode(codec.encode({ x: 1, y: -2 }))).toEqual({ x: 1, y: -2 });
  });

  it("is paired with another one: the first writes, the second reads", () => {
    const pair: CallCodec<Point, string> = codecPair(jsonCodec<Point>(), hex);
    expect(pair.name).toBe("json, hex");
    expect(new TextDecoder().decode(pair.encode({ x: 1, y: 2 }))).toBe('{"x":1,"y":2}');
    expect(pair.decode(Uint8Array.of(0xab, 1))).toBe("ab01");
  });

  it("keeps `this` of both", () => {
    class Sized implements Codec<number> {
      readonly name = "sized";
      constructor(private readonly bytes: number) {}
      encode(value: number): Uint8Array {
        return new Uint8Array(this.bytes).fill(value);
      }
      decode(bytes: Uint8Array): number {
        return bytes.length - this.bytes;
      }
    }
    const pair = codecPair(new Sized(3), new Sized(1));
    expect(pair.encode(7)).toEqual(Uint8Array.of(7, 7, 7));
    expect(pair.decode(new Uint8Array(5))).toBe(4);
  });
});
