import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";
import { describe, expect, it } from "vitest";
import {
  ConnectionStatus,
  decodeAttributes,
  decodeRequest,
  frameAnswer,
  frameClose,
  HEADROOM,
  TAILROOM,
} from "../../src/ext-proc/wire.js";

// The codec is written by hand; another library reads the .proto file and says whether both mean the same.
const root = protobuf.loadSync(
  fileURLToPath(new URL("../../proto/network-external-processor.proto", import.meta.url)),
);
const request = root.lookupType("envoy.service.network_ext_proc.v3.ProcessingRequest");
const response = root.lookupType("envoy.service.network_ext_proc.v3.ProcessingResponse");

const lengths = [0, 1, 2, 126, 127, 128, 129, 16_381, 16_384, 70_000, 2_097_149, 2_097_152];

/** Bytes as text: comparing long arrays costs seconds. */
function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

function encode(message: object): Uint8Array {
  return Uint8Array.from(request.encode(request.fromObject(message)).finish());
}

describe("requests", () => {
  it.each(lengths)("with %i bytes of data are read", (length) => {
    const data = randomBytes(length);
    for (const endOfStream of [false, true]) {
      const read = decodeRequest(encode({ readData: { data, endOfStream } }));
      expect({ ...read, data: text(read.data) }).toEqual({
        towardsClient: false,
        data: text(data),
        endOfStream,
        attributes: [],
      });
      const written = decodeRequest(encode({ writeData: { data, endOfStream } }));
      expect(written).toMatchObject({ towardsClient: true, endOfStream });
    }
  });

  it("carry facts of the connection", () => {
    const fields = {
      "source.address": { stringValue: "127.0.0.1:1" },
      "connection.id": { numberValue: 7 },
      "connection.mtls": { boolValue: true },
      other: { nullValue: 0 },
    };
    const message = encode({ readData: {}, attributes: { "envoy.filters.network.ext_proc": { fields } } });
    const { attributes } = decodeRequest(message);
    expect(Object.fromEntries(decodeAttributes(attributes))).toEqual({
      "source.address": "127.0.0.1:1",
      "connection.id": "7",
      "connection.mtls": "true",
    });
  });

  it("are read although there are fields that nobody knows", () => {
    const unknown = [
      0x18, 0x96, 0x01, 0x1a, 2, 9, 9, 0xfd, 0x7f, 1, 2, 3, 4, 0xb9, 0x06, 1, 2, 3, 4, 5, 6, 7, 8,
    ];
    const known = encode({ readData: { data: new Uint8Array([5]) } });
    expect(decodeRequest(Uint8Array.of(...unknown, ...known, ...unknown)).data).toEqual(Uint8Array.of(5));
  });

  it.each<[string, readonly number[]]>([
    ["nothing", []],
    ["no chunk", [0x1a, 0]],
    ["two chunks", [0x0a, 0, 0x12, 0]],
    ["the same chunk twice", [0x0a, 0, 0x0a, 0]],
    ["a chunk that is longer than the message", [0x0a, 5, 0x0a]],
    ["data that is longer than the chunk", [0x0a, 2, 0x0a, 5, 1, 2, 3, 4, 5]],
    ["a varint without an end", [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ["a wire type that there is not", [0x0f]],
    ["field number 0", [0x02, 0]],
    ["a group without an end", [0x2b]],
  ])("with %s are refused", (_, bytes) => {
    expect(() => decodeRequest(Uint8Array.from(bytes))).toThrow();
  });

  it("of random bytes are read or refused, and no more", () => {
    for (let round = 0; round < 2000; round += 1) {
      const bytes = randomBytes(round % 64);
      try {
        decodeAttributes(decodeRequest(bytes).attributes);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }
  });
});

describe("answers", () => {
  it.each(lengths)("with %i bytes of data are what the .proto file says", (length) => {
    const data = randomBytes(length);
    const scratch = new Uint8Array(HEADROOM + length + TAILROOM);
    for (const towardsClient of [false, true]) {
      for (const endOfStream of [false, true]) {
        scratch.set(data, HEADROOM);
        const frame = frameAnswer(scratch, length, { towardsClient, endOfStream });
        expect(decodeFrame(frame)).toEqual({
          [towardsClient ? "writeData" : "readData"]: { data: text(data), endOfStream },
        });
      }
    }
  });

  it("close the connection", () => {
    expect(decodeFrame(frameClose(ConnectionStatus.Close))).toEqual({ connectionStatus: "CLOSE" });
    expect(decodeFrame(frameClose(ConnectionStatus.CloseReset))).toEqual({ connectionStatus: "CLOSE_RST" });
  });
});

/** A response of a whole gRPC frame, as plain values; fields that are absent stay so. */
function decodeFrame(frame: Uint8Array): Record<string, unknown> {
  const length = new DataView(frame.buffer, frame.byteOffset).getUint32(1);
  expect([frame[0], length]).toEqual([0, frame.length - 5]);
  const message = response.decode(frame.subarray(5));
  const plain = response.toObject(message, { enums: String });
  for (const name of ["readData", "writeData"]) {
    const body = plain[name] as { data?: Uint8Array; endOfStream?: boolean } | undefined;
    if (body === undefined) continue;
    plain[name] = {
      data: text(body.data ?? new Uint8Array(0)),
      endOfStream: body.endOfStream ?? false,
    };
  }
  return plain;
}
