// The state of a guest in a snapshot, to be changed in places that mean something.
import { pack, parseText, toText, unpack } from "./container.js";

export const PAGE = 4096;

/** Bytes of a range that the snapshot holds; the rest is zeros. */
export interface Span {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** A range of memory. */
export interface Run {
  address: number;
  length: number;
  spans: Span[];
}

/** A snapshot, taken apart. */
export interface State {
  /** Fields of the header other than those below. */
  readonly fields: Record<string, unknown>;
  readonly artifact: Uint8Array;
  readonly files: Uint8Array;
  readonly registers: Uint8Array;
  readonly runs: Run[];
  readonly ends: number[];
}

interface Header extends Record<string, unknown> {
  readonly artifact: number;
  readonly fileBytes: number;
  readonly registers: number;
  readonly ends: readonly number[];
  readonly runs: readonly {
    readonly address: number;
    readonly length: number;
    readonly spans: readonly (readonly [number, number])[];
  }[];
}

/** Takes a snapshot apart that was just made. All bytes are copies. */
export function parseState(bytes: Uint8Array): State {
  const { text, payload } = unpack(bytes);
  const { artifact, fileBytes, registers, ends, runs, ...fields } = parseText(text) as Header;
  let at = 0;
  const take = (length: number): Uint8Array => {
    at += length;
    return payload.slice(at - length, at);
  };
  return {
    fields,
    artifact: take(artifact),
    files: take(fileBytes),
    registers: take(registers),
    runs: runs.map(({ address, length, spans }) => ({
      address,
      length,
      spans: spans.map(([offset, count]) => ({ offset, bytes: take(count) })),
    })),
    ends: [...ends],
  };
}

/** A state as a snapshot whose lengths add up. */
export function formatState(state: State, key: Uint8Array | undefined): Uint8Array {
  const { fields, artifact, files, registers, runs, ends } = state;
  const header = {
    ...{ artifact: artifact.length, fileBytes: files.length, registers: registers.length },
    ...{
      ends,
      runs: runs.map(({ address, length, spans }) => ({
        address,
        length,
        spans: spans.map(({ offset, bytes }) => [offset, bytes.length]),
      })),
    },
    // Last: a change may lie about any of them.
    ...fields,
  };
  const pieces = [
    artifact,
    files,
    registers,
    ...runs.flatMap(({ spans }) => spans.map(({ bytes }) => bytes)),
  ];
  return pack(toText(header), Buffer.concat(pieces), key);
}

/** A copy that can be changed. */
export function copyState(state: State): State {
  return structuredClone(state);
}

/** Pages of a range that are not zero, by their offsets. */
function pagesOf({ spans }: Run): Map<number, Buffer> {
  const pages = new Map<number, Buffer>();
  for (const { offset, bytes } of spans) {
    for (let at = 0; at < bytes.length; ) {
      const place = offset + at;
      const start = place - (place % PAGE);
      const count = Math.min(start + PAGE - place, bytes.length - at);
      const page = pages.get(start) ?? Buffer.alloc(PAGE);
      page.set(bytes.subarray(at, at + count), place - start);
      pages.set(start, page);
      at += count;
    }
  }
  for (const [start, page] of pages) if (page.every((byte) => byte === 0)) pages.delete(start);
  return pages;
}

/** The first difference between two states; `undefined` where a guest would see none. */
export function difference(one: State, other: State): string | undefined {
  if (!Buffer.from(one.registers).equals(Buffer.from(other.registers))) return "registers";
  if (one.ends.join() !== other.ends.join()) return "ends of memory";
  if (!Buffer.from(one.artifact).equals(Buffer.from(other.artifact))) return "module";
  if (one.runs.length !== other.runs.length) return `${one.runs.length} ranges, and ${other.runs.length}`;
  for (const [index, run] of one.runs.entries()) {
    const twin = other.runs[index] as Run;
    if (run.address !== twin.address || run.length !== twin.length)
      return `a range at ${run.address}, and at ${twin.address}`;
    const [pages, twins] = [pagesOf(run), pagesOf(twin)];
    for (const start of new Set([...pages.keys(), ...twins.keys()])) {
      const same = pages.get(start)?.equals(twins.get(start) ?? Buffer.alloc(0)) ?? false;
      if (!same) return `memory at ${run.address + start}`;
    }
  }
  return undefined;
}

/** The first bytes of a range. */
export function startOf({ spans }: Run, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (const { offset, bytes: piece } of spans)
    if (offset < length) bytes.set(piece.subarray(0, length - offset), offset);
  return bytes;
}
