// The guest's side of a codec in AssemblyScript: Protocol Buffers by as-proto. The messages are those of words.proto.

import { fail, read, readText, respond } from "@twinwall/guest/assemblyscript";
import { Protobuf, Reader, Writer } from "as-proto/assembly";

export { twinwall_allocate, twinwall_free } from "@twinwall/guest/assemblyscript";

/** What is wrong with a request that could be read. */
const NO_WORDS_WANTED = 7;
/** What is wrong with one that could not; where as-proto notices first, the code is this library's own for a panic. */
const MALFORMED = 8;

/** Passes over bytes of a message, and returns where they begin. */
function pass(reader: Reader, length: u32): usize {
  if (length > reader.end - reader.ptr) return fail<usize>(MALFORMED, "the message ends within a field");
  const start = reader.ptr;
  reader.ptr += length;
  return start;
}

/** as-proto's own takes bytes that are not UTF-8. */
function readString(reader: Reader): string {
  const length = reader.uint32();
  return readText(pass(reader, length), length);
}

/**
 * Passes over a field that is not known here. as-proto's own goes back, and round and round, where a length makes its
 * pointer overflow, and passes over too much where the length is 0.
 */
function skipField(reader: Reader, tag: u32): void {
  if (tag >>> 3 == 0) fail<void>(MALFORMED, "a field has the number 0");
  switch (tag & 7) {
    case 0:
      reader.uint64();
      break;
    case 1:
      pass(reader, 8);
      break;
    case 2:
      pass(reader, reader.uint32());
      break;
    case 5:
      pass(reader, 4);
      break;
    default:
      fail<void>(MALFORMED, "a field is of no type that proto3 has");
  }
}

class Text {
  text: string = "";
  most: u32 = 0;

  static decode(reader: Reader, length: i32): Text {
    const message = new Text();
    const end = length < 0 ? reader.end : reader.ptr + length;
    while (reader.ptr < end) {
      const tag = reader.uint32();
      // Number and type of the field: where only one of them fits it is another field.
      switch (tag) {
        case 10:
          message.text = readString(reader);
          break;
        case 16:
          message.most = reader.uint32();
          break;
        default:
          skipField(reader, tag);
      }
    }
    return message;
  }
}

class Count {
  constructor(
    readonly word: string,
    public times: u32,
  ) {}

  static encode(message: Count, writer: Writer): void {
    writer.uint32(10);
    writer.string(message.word);
    writer.uint32(16);
    writer.uint32(message.times);
  }
}

class Counts {
  constructor(readonly counts: Count[]) {}

  static encode(message: Counts, writer: Writer): void {
    for (let index = 0; index < message.counts.length; index++) {
      writer.uint32(10);
      writer.fork();
      Count.encode(message.counts[index], writer);
      writer.ldelim();
    }
  }
}

function isSpace(code: i32): bool {
  return code == 32 || (code >= 9 && code <= 13 && code != 11);
}

/** The words of a text and how often they come, most often first, among equals in the order of the alphabet. */
function countWords(text: string): Count[] {
  const counts = new Map<string, Count>();
  let start = 0;
  for (let at = 0; at <= text.length; at++) {
    if (at < text.length && !isSpace(text.charCodeAt(at))) continue;
    if (at > start) {
      const word = text.substring(start, at);
      if (counts.has(word)) counts.get(word).times++;
      else counts.set(word, new Count(word, 1));
    }
    start = at + 1;
  }
  return counts.values().sort((a, b) => {
    if (a.times != b.times) return a.times > b.times ? -1 : 1;
    return a.word < b.word ? -1 : 1;
  });
}

export function count_protobuf(pointer: usize, length: usize): u64 {
  const request = Protobuf.decode<Text>(read(pointer, length), Text.decode);
  if (request.most == 0) return fail<u64>(NO_WORDS_WANTED, "no words are wanted");
  const counts = countWords(request.text).slice(0, <i32>min<u32>(request.most, i32.MAX_VALUE));
  return respond(Protobuf.encode<Counts>(new Counts(counts), Counts.encode));
}
