import { fromBinary } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { type Struct, StructSchema } from "@bufbuild/protobuf/wkt";

// The messages of proto/network-external-processor.proto, read and written by hand: messages by reflection cost between 5
// and 12 microseconds a chunk, which is what a call of the guest costs on some machines, and this costs half of one.
// test/wire.test.ts holds it against that file.

/** What Envoy does with the connection once it has read an answer; it goes on where nothing is said. */
export enum ConnectionStatus {
  /** Closes it. What the same answer carries is dropped. */
  Close = 1,
  /** Resets it. */
  CloseReset = 2,
}

/** One chunk, as Envoy sends it. */
export interface ProcessingRequest {
  readonly towardsClient: boolean;
  /** A view of the message. */
  readonly data: Uint8Array;
  readonly endOfStream: boolean;
  /** Facts of the connection by the filter that asked for them; with the first chunk only. Not decoded yet. */
  readonly attributes: readonly Uint8Array[];
}

const noBytes = new Uint8Array(0);
const noAttributes: readonly Uint8Array[] = [];

/**
 * Reads a request. Unknown fields are skipped.
 *
 * @throws Error when it is no message of this type, or has not exactly one of the two directions.
 */
export function decodeRequest(message: Uint8Array): ProcessingRequest {
  const reader = new BinaryReader(message);
  let body: Uint8Array | undefined;
  let towardsClient = false;
  let attributes = noAttributes;
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (type !== WireType.LengthDelimited || field > 4 || field === 3) {
      reader.skip(type, field);
    } else if (field === 4) {
      attributes = [...attributes, reader.bytes()];
    } else {
      if (body !== undefined) throw new Error("a request has more than one chunk");
      body = reader.bytes();
      towardsClient = field === 2;
    }
  }
  if (body === undefined) throw new Error("a request has no chunk");
  return decodeData(body, towardsClient, attributes);
}

function decodeData(
  body: Uint8Array,
  towardsClient: boolean,
  attributes: readonly Uint8Array[],
): ProcessingRequest {
  const reader = new BinaryReader(body);
  let data: Uint8Array = noBytes;
  let endOfStream = false;
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === 1 && type === WireType.LengthDelimited) data = reader.bytes();
    else if (field === 2 && type === WireType.Varint) endOfStream = reader.bool();
    else reader.skip(type, field);
  }
  return { towardsClient, data, endOfStream, attributes };
}

/**
 * Facts of a connection, by name (`source.address`), as text.
 *
 * @param entries Entries of the request's map: the name of a filter, and a `google.protobuf.Struct`.
 * @throws Error when they are no such entries.
 */
export function decodeAttributes(entries: readonly Uint8Array[]): ReadonlyMap<string, string> {
  const facts = new Map<string, string>();
  for (const entry of entries) {
    const reader = new BinaryReader(entry);
    while (reader.pos < reader.len) {
      const [field, type] = reader.tag();
      if (field === 2 && type === WireType.LengthDelimited) {
        addFacts(facts, fromBinary(StructSchema, reader.bytes(), { readUnknownFields: false }));
      } else {
        reader.skip(type, field);
      }
    }
  }
  return facts;
}

function addFacts(facts: Map<string, string>, { fields }: Struct): void {
  for (const [name, { kind }] of Object.entries(fields)) {
    if (kind.case === "stringValue" || kind.case === "numberValue" || kind.case === "boolValue") {
      facts.set(name, String(kind.value));
    }
  }
}

/** Bytes in front of an answer's data that {@link frameAnswer} needs: two prefixes of at most 6 bytes, and gRPC's 5. */
export const HEADROOM = 32;

/** Bytes behind it. */
export const TAILROOM = 8;

/** An answer, but for its data. */
export interface AnswerShape {
  readonly towardsClient: boolean;
  readonly endOfStream: boolean;
}

/**
 * Makes the gRPC frame of a `ProcessingResponse` around data that lies in a scratch buffer already.
 *
 * @param scratch Data begins at {@link HEADROOM}; there is room for {@link TAILROOM} bytes behind it.
 * @param length Bytes of data.
 * @returns A copy: the stream owns it.
 */
export function frameAnswer(
  scratch: Uint8Array,
  length: number,
  { towardsClient, endOfStream }: AnswerShape,
): Uint8Array {
  let start = HEADROOM;
  let end = HEADROOM + length;
  if (length > 0) {
    start = writeVarintBefore(scratch, start, length);
    scratch[--start] = 0x0a;
  }
  if (endOfStream) {
    scratch[end++] = 0x10;
    scratch[end++] = 1;
  }
  // Present although it may be empty: Envoy looks for it, and counts an answer without it as none.
  start = writeVarintBefore(scratch, start, end - start);
  scratch[--start] = towardsClient ? 0x12 : 0x0a;
  return finishFrame(scratch, start, end);
}

/** The gRPC frame of an answer without data that has Envoy close the connection. */
export function frameClose(status: ConnectionStatus): Uint8Array {
  return Uint8Array.of(0, 0, 0, 0, 2, 0x20, status);
}

function finishFrame(scratch: Uint8Array, start: number, end: number): Uint8Array {
  const length = end - start;
  scratch[start - 5] = 0;
  scratch[start - 4] = length >>> 24;
  scratch[start - 3] = length >>> 16;
  scratch[start - 2] = length >>> 8;
  scratch[start - 1] = length;
  const frame = Buffer.allocUnsafe(length + 5);
  frame.set(scratch.subarray(start - 5, end));
  return frame;
}

/** Writes a varint so that it ends in front of `end`; returns where it begins. */
function writeVarintBefore(bytes: Uint8Array, end: number, value: number): number {
  const size = value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
  let rest = value;
  for (let at = end - size; at < end - 1; at += 1) {
    bytes[at] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[end - 1] = rest;
  return end - size;
}
