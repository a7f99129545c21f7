// The guest's side of a codec in AssemblyScript: Protocol Buffers by as-proto. The messages are those of words.proto.

import { fail, read, respond } from "@twinwall/guest/assemblyscript";
import { Protobuf, Reader, Writer } from "as-proto/assembly";

export { twinwall_allocate, twinwall_free } from "@twinwall/guest/assemblyscript";

/** What is wrong with a request that could be read. */
const NO_WORDS_WANTED = 7;

class Text {
  text: string = "";
  most: u32 = 0;

  static decode(reader: Reader, length: i32): Text {
    const message = new Text();
    const end = length < 0 ? reader.end : reader.ptr + length;
    while (reader.ptr < end) {
      const tag = reader.uint32();
      switch (tag >>> 3) {
        case 1:
          message.text = reader.string();
          break;
        case 2:
          message.most = reader.uint32();
          break;
        default:
          reader.skipType(tag & 7);
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
