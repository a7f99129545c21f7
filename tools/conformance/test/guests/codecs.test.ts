import { readFileSync } from "node:fs";
import { create, createFileRegistry } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { flatbuffersCodec } from "@twinwall/codec-flatbuffers";
import { protobufCodec } from "@twinwall/codec-protobuf";
import { type CallCodec, Sandbox } from "@twinwall/sandbox";
import { describe, expect, test } from "vitest";
import { machines } from "../machine.js";
import { moduleOf } from "./examples.js";
import { Counts, type CountsT } from "./generated/words/counts.js";
import { Text, TextT } from "./generated/words/text.js";

/** What both sides know of the messages. */
interface Request {
  readonly text: string;
  readonly most: number;
}
type Reply = readonly { readonly word: string; readonly times: number }[];

/** `words.proto` as protoc describes it. */
function protobuf(): CallCodec<Request, Reply> {
  const field = (name: string, number: number, type: number, more: object = {}) => ({
    name,
    number,
    type,
    label: 1,
    jsonName: name,
    ...more,
  });
  const [message, text, uint32] = [11, 9, 13];
  const file = create(FileDescriptorProtoSchema, {
    name: "words.proto",
    package: "words",
    syntax: "proto3",
    messageType: [
      { name: "Text", field: [field("text", 1, text), field("most", 2, uint32)] },
      { name: "Count", field: [field("word", 1, text), field("times", 2, uint32)] },
      { name: "Counts", field: [field("counts", 1, message, { label: 3, typeName: ".words.Count" })] },
    ],
  });
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] }));
  const schemaOf = (name: string) => {
    const found = registry.getMessage(name);
    if (found === undefined) throw new Error(`there is no message ${name}`);
    return found;
  };
  const [request, reply] = [schemaOf("words.Text"), schemaOf("words.Counts")];
  const [texts, counts] = [protobufCodec(request), protobufCodec(reply)];
  return {
    encode: (value) => texts.encode(create(request, { ...value })),
    decode: (bytes) => plain(counts.decode(bytes) as unknown as { counts: Reply }),
  };
}

function flatbuffers(): CallCodec<Request, Reply> {
  const schema = readFileSync(new URL("schema/words.bfbs", import.meta.url));
  const texts = flatbuffersCodec({
    schema,
    root: "words.Text",
    read: (buffer) => Text.getRootAsText(buffer).unpack(),
    write: (builder, text: TextT) => text.pack(builder),
  });
  const counts = flatbuffersCodec({
    schema,
    root: "words.Counts",
    read: (buffer) => Counts.getRootAsCounts(buffer).unpack(),
    write: (builder, value: CountsT) => value.pack(builder),
  });
  return {
    encode: ({ text, most }) => texts.encode(new TextT(text, most)),
    decode: (bytes) => plain(counts.decode(bytes) as { counts: { word: string; times: number }[] }),
  };
}

/** A format of one's own. */
function json(): CallCodec<Request, Reply> {
  return {
    encode: (value) => new TextEncoder().encode(JSON.stringify(value)),
    decode: (bytes) => plain(JSON.parse(new TextDecoder().decode(bytes))),
  };
}

function plain({ counts }: { counts: Reply }): Reply {
  return counts.map(({ word, times }) => ({ word, times }));
}

const ways = [
  { guest: "codec-rust", name: "count_protobuf", codec: protobuf() },
  { guest: "codec-rust", name: "count_flatbuffers", codec: flatbuffers() },
  { guest: "codec-rust", name: "count_json", codec: json() },
  { guest: "codec-assemblyscript", name: "count_protobuf", codec: protobuf() },
];
const runs = machines.flatMap(({ machine, missing }) => ways.map((way) => ({ ...way, machine, missing })));

describe.each(runs)("$name of $guest on $machine", ({ guest, name, codec, machine, missing }) => {
  test.skipIf(missing !== undefined)(
    `takes and returns messages${missing ? ` - ${missing}` : ""}`,
    async () => {
      await using sandbox = await Sandbox.create({ module: moduleOf(guest), machine });
      expect(sandbox.callWith(codec, name, { text: "to be or not to be é é é", most: 3 })).toEqual([
        { word: "é", times: 3 },
        { word: "be", times: 2 },
        { word: "to", times: 2 },
      ]);
      expect(sandbox.callWith(codec, name, { text: "", most: 5 })).toEqual([]);
      const many = Array.from({ length: 300 }, (_, index) => `word${String(index).padStart(3, "0")}`);
      const counted = sandbox.callWith(codec, name, { text: many.join("\n"), most: 4_000_000_000 });
      expect(counted).toEqual(many.map((word) => ({ word, times: 1 })));
    },
  );

  test.skipIf(missing !== undefined)(
    `refuses what it cannot do${missing ? ` - ${missing}` : ""}`,
    async () => {
      await using sandbox = await Sandbox.create({ module: moduleOf(guest), machine });
      const none = { text: "to be", most: 0 };
      expect(() => sandbox.callWith(codec, name, none)).toThrow(
        expect.objectContaining({ code: "E_GUEST_ERROR", guestCode: 7 }),
      );
      if (guest === "codec-rust") {
        expect(() => sandbox.callBytes(name, Uint8Array.of(255, 255, 255))).toThrow(
          expect.objectContaining({ code: "E_GUEST_ERROR", guestCode: 8 }),
        );
      }
      expect(sandbox.callWith(codec, name, { text: "be", most: 1 })).toEqual([{ word: "be", times: 1 }]);
    },
  );
});

/** `to be`, of which one word is wanted, in Protocol Buffers. */
const toBe = [10, 5, ...new TextEncoder().encode("to be"), 16, 1];
/** A length that leads a pointer of 32 bits back by six bytes: to the field that has it. */
const backwards = [0xfa, 0xff, 0xff, 0xff, 0x0f];
const damaged: readonly (readonly [string, readonly number[]])[] = [
  ["a text longer than the message", [10, 6, 116, 111]],
  ["a text whose length overflows", [10, ...backwards, 16, 1]],
  ["an unknown field whose length overflows", [26, ...backwards]],
  ["a group that holds such a field", [27, 26, ...backwards, 28]],
  ["a text that is not UTF-8", [10, 1, 255, 16, 1]],
  ["half a number", [...toBe, 16, 128]],
  ["half an unknown field", [...toBe, 25, 0, 0]],
  ["a field with the number 0", [...toBe, 0, 0]],
  ["a field of no type", [...toBe, 30]],
  ["groups without an end", new Array<number>(100_000).fill(27)],
];
/** One of each type, behind one another: a number, eight bytes, nothing, three bytes, four bytes. */
const unknown = [24, 200, 1, 33, 1, 2, 3, 4, 5, 6, 7, 8, 42, 0, 50, 3, 10, 99, 16, 61, 1, 2, 3, 4];

const readers = machines.flatMap(({ machine, missing }) =>
  ["codec-rust", "codec-assemblyscript"].map((guest) => ({ guest, machine, missing })),
);

describe.each(readers)("Protocol Buffers in $guest on $machine", ({ guest, machine, missing }) => {
  const because = missing ? ` - ${missing}` : "";
  const { decode } = protobuf();

  test.skipIf(missing !== undefined)(`passes over unknown fields${because}`, async () => {
    await using sandbox = await Sandbox.create({ module: moduleOf(guest), machine });
    for (const message of [toBe.concat(unknown), unknown.concat(toBe)]) {
      const reply = sandbox.callBytes("count_protobuf", Uint8Array.from(message));
      expect(decode(reply)).toEqual([{ word: "be", times: 1 }]);
    }
  });

  test.skipIf(missing !== undefined)(`refuses damaged messages${because}`, async () => {
    await using sandbox = await Sandbox.create({ module: moduleOf(guest), machine });
    // Those that AssemblyScript's libraries notice have codes of theirs.
    const codes = guest === "codec-rust" ? [8] : [8, -1, -2];
    for (const [what, message] of damaged) {
      let found: unknown;
      try {
        sandbox.callBytes("count_protobuf", Uint8Array.from(message));
      } catch (error) {
        found = error;
      }
      expect(found, what).toMatchObject({ code: "E_GUEST_ERROR" });
      expect(codes, what).toContain((found as { guestCode: number }).guestCode);
    }
    const reply = sandbox.callBytes("count_protobuf", Uint8Array.from(toBe));
    expect(decode(reply)).toEqual([{ word: "be", times: 1 }]);
  });
});
