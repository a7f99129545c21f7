import { describe, expect, it } from "vitest";
import { type ChunkFlags, chunkFlags, decodeChunk, decodePassed, encodeChunk } from "../src/connection.js";
import { bytesOf, hexOf, readVectors } from "./vectors.js";

interface Bad {
  why: string;
  bytes: string;
}

const vectors = readVectors<{
  chunks: (ChunkFlags & { data: string; bytes: string })[];
  badChunks: Bad[];
  passed: { close: boolean; data: string; bytes: string }[];
  badPassed: Bad[];
}>("connection");

describe("chunks", () => {
  it.each(vectors.chunks)("$bytes is the vector", ({ data, bytes, ...flags }) => {
    expect(hexOf(encodeChunk(bytesOf(data), flags))).toBe(bytes);
    expect(chunkFlags(flags)).toBe(bytesOf(bytes)[0]);
    expect(decodeChunk(bytesOf(bytes))).toEqual({ ...flags, data: bytesOf(data) });
  });

  it.each(vectors.badChunks)("$why is refused", ({ bytes }) => {
    expect(() => decodeChunk(bytesOf(bytes))).toThrow(/^E_BAD_REPLY: a chunk /);
  });
});

describe("results", () => {
  it.each(vectors.passed)("$bytes is the vector", ({ close, data, bytes }) => {
    expect(decodePassed(bytesOf(bytes))).toEqual({ close, data: bytesOf(data) });
  });

  it.each(vectors.badPassed)("$why is refused", ({ bytes }) => {
    expect(() => decodePassed(bytesOf(bytes))).toThrow(/^E_BAD_REPLY: the result of on_data /);
  });
});
