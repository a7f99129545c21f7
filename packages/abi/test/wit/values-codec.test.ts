import { runInNewContext } from "node:vm";
import { types, valuesOf } from "@twinwall/tool-wit-values";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TwinwallError } from "../../src/error.js";
import type { WitType } from "../../src/wit/types.js";
import { createValuesCodec, type ValuesCodec } from "../../src/wit/values-codec.js";
import { hexOf } from "../vectors.js";

const u8: WitType = { kind: "u8" };
const text: WitType = { kind: "string" };
const item: WitType = {
  kind: "record",
  name: "item",
  fields: [
    { name: "user-id", type: u8 },
    { name: "width", type: { kind: "u32" } },
    { name: "note", type: { kind: "option", value: text } },
  ],
};

function codecOf(...parameters: WitType[]): ValuesCodec {
  const items = parameters.map((type, index) => ({ name: "abcdef".charAt(index), type }));
  return createValuesCodec({ interfaceName: "docs:calc/ops@0.1.0", function: "f", role: "parameter" }, items);
}

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof TwinwallError) return error.message;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("values", () => {
  it("come back as they were, whatever their types", () => {
    const cases = fc
      .array(types, { maxLength: 4 })
      .chain((list) => fc.tuple(fc.constant(list), fc.tuple(...list.map(valuesOf))));
    fc.assert(
      fc.property(cases, ([list, values]) => {
        const codec = codecOf(...list);
        expect(codec.decode(codec.encode(values))).toEqual(values);
        // A second time: nothing of the first is left in the buffer.
        const bytes = hexOf(codec.encode(values));
        expect(hexOf(codecOf(...list).encode(values))).toBe(bytes);
      }),
      { numRuns: 1500 },
    );
  });

  it("lie where the canonical ABI puts them", () => {
    const codec = codecOf({ kind: "list", element: item }, { kind: "u16" });
    const frame = codec.encode([
      [
        { userId: 1, width: 2, note: "hé" },
        { userId: 3, width: 4 },
      ],
      7,
    ]);
    expect(hexOf(frame.subarray(0, 32))).toBe(
      "1000000054575641000006000800040006000000080000000000000037000000",
    );
    const image = hexOf(frame.subarray(32));
    const first = "01000000" + "02000000" + "01000000" + "34000000" + "03000000";
    const second = "03000000" + "04000000" + "00000000" + "00000000" + "00000000";
    expect(image).toBe(`0c000000020000000700${"0000"}${first}${second}68c3a9`);
  });

  it("of a list of numbers may be given as an array", () => {
    const codec = codecOf({ kind: "list", element: { kind: "s16" } });
    expect(codec.decode(codec.encode([[-1, 2]]))).toEqual([Int16Array.of(-1, 2)]);
  });

  it("of a list of numbers may be a typed array of another context", () => {
    const codec = codecOf({ kind: "list", element: { kind: "u16" } });
    const foreign: unknown = runInNewContext("Uint16Array.of(1, 65535)");
    expect(codec.decode(codec.encode([foreign]))).toEqual([Uint16Array.of(1, 65535)]);
    const part = Uint16Array.of(7, 8, 9, 10).subarray(1, 3);
    expect(codec.decode(codec.encode([part]))).toEqual([Uint16Array.of(8, 9)]);
  });

  it("come back with texts of any length, next to each other and to numbers", () => {
    const item: WitType = { kind: "tuple", items: [text, { kind: "list", element: u8 }, text] };
    const codec = codecOf({ kind: "list", element: item });
    const values = Array.from({ length: 600 }, (_, index) => [
      "abcdefghij".repeat(index % 31).slice(index % 7),
      Uint8Array.from({ length: index % 50 }, (_, at) => 255 - at),
      index % 5 === 0 ? `\ufeffé${"ß".repeat(index)}🙂` : `line ${index}\0\n`,
    ]);
    expect(codec.decode(codec.encode([values]))).toEqual([values]);
    // Again, out of a larger buffer and from another frame in between.
    const frame = codec.encode([values]);
    const buffer = new Uint8Array(frame.length + 100).fill(0x41);
    buffer.set(frame);
    expect(codec.decode(buffer, undefined, frame.length)).toEqual([values]);
    buffer.set(codec.encode([values.slice(1)]));
    expect(codec.decode(buffer, undefined, codec.encode([values.slice(1)]).length)).toEqual([
      values.slice(1),
    ]);
  });

  it("may have fields with the names of what every object has", () => {
    const plain: WitType = { kind: "option", value: text };
    const codec = codecOf({
      kind: "record",
      fields: [
        { name: "constructor", type: plain },
        { name: "to-string", type: plain },
      ],
    });
    expect(codec.decode(codec.encode([{}]))).toEqual([{ constructor: undefined, toString: undefined }]);
    const given = { constructor: "a", toString: "b" };
    expect(codec.decode(codec.encode([given]))).toEqual([given]);
  });

  it("are read once each", () => {
    const reads: PropertyKey[] = [];
    const value = new Proxy(
      { userId: 1, width: 2, note: "n" },
      {
        get(target, key) {
          reads.push(key);
          return Reflect.get(target, key) as unknown;
        },
      },
    );
    codecOf(item).encode([value]);
    expect(reads).toEqual(["userId", "width", "note"]);
  });

  it("do not keep the buffer of one large call", () => {
    const codec = codecOf({ kind: "list", element: u8 });
    const large = codec.encode([new Uint8Array(2 ** 20)]).buffer;
    let small = codec.encode([[1]]);
    expect(small.buffer).toBe(large);
    for (let call = 0; call < 100; call++) small = codec.encode([[call]]);
    expect(small.buffer.byteLength).toBeLessThan(1000);
    expect(codec.decode(small)).toEqual([Uint8Array.of(99)]);
  });

  it("keep one NaN", () => {
    const codec = codecOf({ kind: "f32" }, { kind: "f64" });
    expect(hexOf(codec.encode([Number.NaN, Number.NaN]).subarray(32))).toBe(
      "0000c07f00000000000000000000f87f",
    );
  });

  it("may be read while the same codec writes", () => {
    const codec = codecOf(item);
    const inner = { userId: 9, width: 9 };
    const value = {
      get userId() {
        codec.encode([inner]);
        return 1;
      },
      width: 2,
    };
    expect(codec.decode(codec.encode([value]))).toEqual([{ userId: 1, width: 2, note: undefined }]);
  });
});

describe("what is refused before it is written", () => {
  const flags: WitType = { kind: "flags", name: "rights", names: ["can-read", "can-write"] };
  const color: WitType = { kind: "enum", name: "color", cases: ["red", "green"] };
  const shape: WitType = {
    kind: "variant",
    name: "shape",
    cases: [
      { name: "dot", type: undefined },
      { name: "line", type: u8 },
    ],
  };
  it.each<[string, WitType, unknown, string]>([
    ["a text for a number", u8, "1", 'expected u8 (a whole number from 0 to 255), found "1"'],
    ["a number that is too large", u8, 256, "expected u8 (a whole number from 0 to 255), found 256"],
    ["a fraction", u8, 1.5, "found 1.5"],
    ["NaN", { kind: "s32" }, Number.NaN, "found NaN"],
    [
      "a number for a bigint",
      { kind: "u64" },
      1,
      "expected u64 (a bigint from 0 to 18446744073709551615), found 1",
    ],
    ["a bigint that is too large", { kind: "s64" }, 2n ** 63n, "found 9223372036854775808n"],
    ["a huge bigint", { kind: "s64" }, -(10n ** 5000n), "found a bigint below -2^255"],
    ["null", text, null, "expected string, found null"],
    ["null for undefined", { kind: "option", value: text }, null, "expected string or undefined, found null"],
    [
      "a value of another type in an option",
      { kind: "option", value: { kind: "list", element: u8 } },
      [1, -1],
      "parameter a[1]: expected u8 (a whole number from 0 to 255), found -1",
    ],
    ["a lone surrogate", text, "a\ud800b", "expected a string, found a string with a lone surrogate"],
    ["a lone surrogate in a long text", text, `${"a".repeat(100)}\udc00`, "a string with a lone surrogate"],
    ["a surrogate as a character", { kind: "char" }, "\ud83d", "expected char"],
    ["two characters", { kind: "char" }, "ab", "expected char"],
    ["a missing field", item, { userId: 1 }, "parameter a.width: expected a value, found no such field"],
    [
      "a surplus field",
      item,
      { userId: 1, width: 2, heigth: 3 },
      "a.heigth: expected no such field in item, found one",
    ],
    ["a field that is undefined", item, { userId: 1, width: undefined }, "a.width: expected u32"],
    ["an array for a record", item, [1, 2], "expected item (an object), found an array of 2"],
    ["another typed array", { kind: "list", element: u8 }, new Int8Array(2), "found an Int8Array"],
    ["an unknown case", color, "blue", 'expected color (one of "red", "green"), found "blue"'],
    ["an unknown tag", shape, { tag: "arc" }, 'a.tag: expected one of "dot", "line", found "arc"'],
    ["a payload for none", shape, { tag: "dot", val: 1 }, "a.val: expected no value, found 1"],
    ["a payload of another type", shape, { tag: "line", val: -1 }, "a.val: expected u8"],
    [
      "an unknown flag",
      flags,
      { canRead: true, canRun: true },
      "a.canRun: expected no such flag in rights, found one",
    ],
    ["a flag that is no boolean", flags, { canRead: 1 }, "a.canRead: expected true or false, found 1"],
    [
      "a tuple of another length",
      { kind: "tuple", items: [u8, u8] },
      [1],
      "expected tuple<u8, u8> (an array of 2)",
    ],
    [
      "what is deep within",
      { kind: "list", element: item },
      [
        { userId: 1, width: 1 },
        { userId: 1, width: "x" },
      ],
      "docs:calc/ops@0.1.0#f: parameter a[1].width: expected u32",
    ],
  ])("%s", (_, type, value, message) => {
    const found = messageOf(() => codecOf(type).encode([value]));
    expect(found).toContain("E_TYPE: docs:calc/ops@0.1.0#f: parameter a");
    expect(found).toContain(message);
  });

  it("another number of arguments", () => {
    expect(messageOf(() => codecOf(u8, u8).encode([1]))).toBe(
      "E_TYPE: docs:calc/ops@0.1.0#f takes 2 arguments (a, b), not 1",
    );
  });
});

describe("replies", () => {
  const list = codecOf({ kind: "list", element: text });
  const good = list.encode([["one", "two"]]).slice();

  function changed(at: number, value: number): Uint8Array {
    const frame = good.slice();
    new DataView(frame.buffer).setUint32(at, value, true);
    return frame;
  }

  it.each<[string, Uint8Array, string]>([
    ["cut short", good.subarray(0, good.length - 1), "malformed values"],
    ["with a pointer elsewhere", changed(32, 16), "refers to byte 16, where 8 is due"],
    ["that refer to themselves", changed(40, 0), "a[0] is malformed: it refers to byte 0, where 24 is due"],
    ["with a huge length", changed(36, 2 ** 32 - 1), "needs 34359738360 bytes"],
    ["that leave bytes over", changed(52, 2), "it ends at byte 29, and there are 30"],
    ["without a frame", new Uint8Array(3), "malformed values"],
  ])("%s are refused", (_, frame, message) => {
    const found = messageOf(() => list.decode(frame));
    expect(found).toContain("E_BAD_REPLY: docs:calc/ops@0.1.0#f");
    expect(found).toContain(message);
  });

  it.each<[string, WitType, string, string]>([
    ["a text that is not UTF-8", text, "08000000" + "01000000" + "ff", "it is not UTF-8"],
    ["an unknown case", { kind: "option", value: u8 }, "0201", "it has no case 2"],
    ["a surrogate", { kind: "char" }, "00d80000", "0xd800 is no character"],
  ])("with %s are refused", (_, type, image, message) => {
    const bytes = Uint8Array.from(image.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
    const frame = new Uint8Array(32 + bytes.length);
    frame.set(good.subarray(0, 28));
    new DataView(frame.buffer).setUint32(28, bytes.length, true);
    frame.set(bytes, 32);
    expect(messageOf(() => codecOf(type).decode(frame))).toContain(message);
  });

  it("with few bytes for many objects are refused", () => {
    let nest: WitType = { kind: "bool" };
    for (let depth = 0; depth < 90; depth++) nest = { kind: "tuple", items: [nest] };
    const codec = codecOf({ kind: "list", element: nest });
    const frame = codecOf({ kind: "list", element: u8 }).encode([new Uint8Array(2 ** 20)]);
    expect(messageOf(() => codec.decode(frame))).toContain(
      "parameter a is malformed: its values take too much memory",
    );
    const flat = codecOf({ kind: "list", element: { kind: "bool" } });
    expect(flat.decode(frame)[0]).toHaveLength(2 ** 20);
  });

  it("that end before their length says are refused", () => {
    expect(messageOf(() => list.decode(good, undefined, good.length + 1))).toContain(
      "it ends before its length says",
    );
  });

  it("that were damaged anywhere are values or refused, and nothing else", () => {
    const cases = types.chain((type) =>
      fc.tuple(fc.constant(type), valuesOf(type), fc.nat(), fc.integer({ min: 1, max: 255 })),
    );
    fc.assert(
      fc.property(cases, ([type, value, place, change]) => {
        const codec = codecOf(type);
        const frame = codec.encode([value]).slice();
        const at = place % frame.length;
        frame[at] = (frame[at] as number) ^ change;
        try {
          codec.decode(frame);
        } catch (error) {
          expect(error).toMatchObject({ name: "TwinwallError", code: "E_BAD_REPLY" });
        }
      }),
      { numRuns: 3000 },
    );
  });
});
