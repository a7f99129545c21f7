// What passes through the mailbox's areas, as the host reads it.
import {
  decodeArtifact,
  decodeBatch,
  decodeChunk,
  decodePassed,
  decodeRecords,
  formatBacktrace,
  MAX_FRAMES,
  parseBacktrace,
} from "@twinwall/abi";
import { readsOrRefuses, type Target } from "../target.js";

export const outbox: Target = {
  name: "outbox",
  reads: "records of output and of deferred host calls",
  run: readsOrRefuses(["E_BAD_REPLY"], (bytes) => {
    const records = decodeRecords(bytes);
    const data = records.reduce((sum, record) => sum + record.data.length, 0);
    if (data + 16 * records.length > bytes.length) throw new Error("records overlap");
  }),
};

export const batch: Target = {
  name: "batch",
  reads: "results of a batch of calls",
  run: readsOrRefuses(["E_BAD_REPLY"], (bytes) => {
    // The host knows how many it asked for; here the guest is believed up to a bound.
    const count = bytes.length < 4 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    const items = decodeBatch(bytes, count);
    const data = items.reduce((sum, item) => sum + item.length, 0);
    if (data + 8 * items.length > bytes.length) throw new Error("items overlap");
  }),
};

export const connection: Target = {
  name: "connection",
  reads: "chunks of a connection, and what a guest passes on",
  run(bytes) {
    const chunk = readsOrRefuses(["E_BAD_REPLY"], (input) => void decodeChunk(input))(bytes);
    const passed = readsOrRefuses(["E_BAD_REPLY"], (input) => void decodePassed(input))(bytes);
    return chunk === "read" || passed === "read" ? "read" : "refused";
  },
};

export const backtrace: Target = {
  name: "backtrace",
  reads: "the text of a trap",
  run(bytes) {
    const frames = parseBacktrace(new TextDecoder().decode(bytes));
    const text = formatBacktrace(frames);
    const lines = frames.length === 0 ? 0 : text.split("\n").length;
    if (frames.length > MAX_FRAMES || lines !== frames.length) throw new Error("frames without bound");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not come through
    if (/[\x00-\x09\x0b-\x1f\x7f\u202e]/.test(text)) throw new Error("control characters came through");
    return frames.length > 0 ? "read" : "refused";
  },
};

export const artifact: Target = {
  name: "artifact",
  reads: "a .cwasm file",
  run: readsOrRefuses(["E_BAD_MODULE"], (bytes) => {
    const { code, exports, imports } = decodeArtifact(bytes);
    if (code.length > bytes.length) throw new Error("its code is longer than the file");
    for (const { name } of [...exports, ...imports]) {
      if (name.length > bytes.length) throw new Error("a name is longer than the file");
    }
  }),
};
