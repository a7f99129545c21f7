import { create } from "@bufbuild/protobuf";
import { DurationSchema, StructSchema, TimestampSchema, ValueSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { protobufCodec } from "../src/index.js";

const timestamp = protobufCodec(TimestampSchema);

describe("protobufCodec", () => {
  it("writes and reads messages", () => {
    const value = create(TimestampSchema, { seconds: 2n ** 40n, nanos: 7 });
    expect(timestamp.decode(timestamp.encode(value))).toEqual(value);
    expect(timestamp.name).toBe("google.protobuf.Timestamp");
    const struct = protobufCodec(StructSchema);
    const nested = create(StructSchema, {
      fields: { a: create(ValueSchema, { kind: { case: "stringValue", value: "é" } }) },
    });
    expect(struct.decode(struct.encode(nested))).toEqual(nested);
  });

  it("refuses a message of another type", () => {
    const duration = create(DurationSchema, { seconds: 1n });
    expect(() => timestamp.encode(duration as never)).toThrow(
      "expected a google.protobuf.Timestamp, found google.protobuf.Duration",
    );
    expect(() => timestamp.encode({} as never)).toThrow("expected a google.protobuf.Timestamp");
    expect(() => protobufCodec({} as never)).toThrow("E_OPTION");
    expect(() => protobufCodec(TimestampSchema, { maxBytes: -1 })).toThrow("E_OPTION");
    expect(() => protobufCodec(TimestampSchema, { maxByte: 1 } as never)).toThrow(
      'E_OPTION: protobufCodec: unknown option "maxByte"; known are maxBytes',
    );
  });

  it.each([
    ["cut short", [0x08, 0x80]],
    ["with a field of no number", [0x00, 0x01]],
    ["with a length beyond the end", [0x12, 0x7f, 0x00]],
    ["with an unknown wire type", [0x0f]],
  ])("refuses what is %s", (_, bytes) => {
    expect(() => timestamp.decode(Uint8Array.from(bytes))).toThrow();
  });

  it("drops what the type does not have", () => {
    const decoded = timestamp.decode(Uint8Array.from([0x08, 0x05, 0x7a, 0x02, 0x68, 0x69]));
    expect(decoded).toEqual(create(TimestampSchema, { seconds: 5n }));
  });

  it("refuses what is nested too deep, or too long", () => {
    // A Value that is a list of one Value, and so on.
    const varint = (number: number): number[] =>
      number < 0x80 ? [number] : [(number & 0x7f) | 0x80, ...varint(number >>> 7)];
    let bytes: number[] = [0x08, 0x00];
    for (let depth = 0; depth < 2000; depth++) {
      const list = [0x0a, ...varint(bytes.length), ...bytes];
      bytes = [0x32, ...varint(list.length), ...list];
    }
    expect(() => protobufCodec(ValueSchema).decode(Uint8Array.from(bytes))).toThrow();
    expect(() => protobufCodec(TimestampSchema, { maxBytes: 3 }).decode(new Uint8Array(4))).toThrow(
      "4 bytes are more than 3",
    );
  });
});
