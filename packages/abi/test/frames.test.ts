import { describe, expect, it } from "vitest";
import { batchBytes, decodeBatch, encodeBatch } from "../src/batch.js";
import { decodeRecords } from "../src/records.js";
import { readSlot, type ScalarValue, writeSlot } from "../src/slots.js";
import type { ScalarKind } from "../src/values.js";
import { bytesOf, hexOf, readVectors } from "./vectors.js";

interface Batches {
  good: { items: string[]; bytes: string }[];
  bad: { why: string; count: number; bytes: string }[];
}

interface Records {
  good: { records: { kind: number; function: number; data: string }[]; bytes: string }[];
  bad: { why: string; bytes: string }[];
}

const batches = readVectors<Batches>("batches");
const records = readVectors<Records>("records");
const { slots } = readVectors<{ slots: { kind: ScalarKind; value: number | string; bytes: string }[] }>(
  "slots",
);

describe("batches", () => {
  it.each(batches.good)("$items.length items have the bytes of the vector", ({ items, bytes }) => {
    const encoded = encodeBatch(items.map(bytesOf));
    expect(hexOf(encoded)).toBe(bytes);
    expect(encoded.length).toBe(batchBytes(items.map(bytesOf)));
    expect(decodeBatch(encoded, items.length).map(hexOf)).toEqual(items);
  });

  it.each(batches.bad)("$why is refused", ({ count, bytes }) => {
    expect(() => decodeBatch(bytesOf(bytes), count)).toThrow(/^E_BAD_REPLY: batch of results: /);
  });

  it("another number of items is refused", () => {
    expect(() => decodeBatch(encodeBatch([new Uint8Array(1)]), 2)).toThrow("it has 1 items, not 2");
  });

  it("items do not change with the bytes that they were read from", () => {
    const encoded = encodeBatch([Uint8Array.of(1, 2, 3)]);
    const [item] = decodeBatch(encoded, 1);
    encoded.fill(9);
    expect(item).toEqual(Uint8Array.of(1, 2, 3));
  });
});

describe("outbox records", () => {
  it.each(records.good)("$records.length records are those of the vector", ({ records: expected, bytes }) => {
    const found = decodeRecords(bytesOf(bytes)).map((record) => ({ ...record, data: hexOf(record.data) }));
    expect(found).toEqual(expected);
  });

  it.each(records.bad)("$why is refused", ({ bytes }) => {
    expect(() => decodeRecords(bytesOf(bytes))).toThrow(/^E_BAD_REPLY: outbox: /);
  });
});

describe("slots", () => {
  it.each(slots)("$kind $value has the bytes of the vector", ({ kind, value, bytes }) => {
    const scalar: ScalarValue = kind === "i64" ? BigInt(value) : Number(value);
    const view = new DataView(new ArrayBuffer(16));
    writeSlot(view, 1, kind, scalar);
    expect(hexOf(new Uint8Array(view.buffer, 8))).toBe(bytes);
    expect(readSlot(view, 1, kind)).toBe(scalar);
  });
});
