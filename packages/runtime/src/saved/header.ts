import type { BootFile, BootHostFunction, MachineName } from "@twinwall/abi";
import { bad } from "./container.js";

/** Where memory holds data: the rest is zeros. */
export type Span = readonly [offset: number, length: number];

/** What the header of a snapshot says. */
export interface SavedHeader {
  readonly machine: MachineName;
  /** SHA-256 of the image, hexadecimal. */
  readonly image: string;
  /** Names the processor that the guest saw. */
  readonly processor: string;
  /** Bytes of the compiled module, the first piece. */
  readonly artifact: number;
  /** Bytes of the file tree, the second piece. */
  readonly fileBytes: number;
  readonly files: readonly BootFile[];
  readonly hostFunctions: readonly BootHostFunction[];
  /** Limits that were fixed by the boot, bytes. */
  readonly memory: number;
  readonly resultBytes: number;
  /** General registers, the third piece, bytes. */
  readonly registers: number;
  readonly ends: readonly number[];
  readonly runs: readonly {
    readonly address: number;
    readonly length: number;
    readonly spans: readonly Span[];
  }[];
}

/** Granularity at which zeros are left out. */
export const PAGE = 4096;

/** Most ranges of memory, and most spans of one. */
const MOST = 1 << 20;

/** What an image may have beside linear memories: data, heap, areas. */
const RUNTIME_BYTES = 64 * 2 ** 20;

/** Most memory, whatever limits a file claims: zeros cost it nothing, and its reader all the more. */
const LARGEST_MEMORY = 4 * 2 ** 30;

/**
 * Checks a header: the shape of all, that lengths add up, and that there is not more memory than its limits allow.
 *
 * @param payload Bytes behind the header.
 * @throws TwinwallError `E_BAD_SNAPSHOT`.
 */
export function checkHeader(found: unknown, payload: number): SavedHeader {
  const header = found as SavedHeader;
  need(isRecord(found), "it has no header");
  need(header.machine === "kvm" || header.machine === "soft", "its machine is unknown");
  for (const text of [header.image, header.processor])
    need(typeof text === "string", "its header is damaged");
  for (const number of [
    header.artifact,
    header.fileBytes,
    header.memory,
    header.resultBytes,
    header.registers,
  ])
    need(isSize(number), "its header is damaged");
  need(isList(header.ends) && header.ends.every(isSize), "its header is damaged");
  // The KVM machine knows where memory ends from the memory itself: what it would not look at is not there.
  need(header.machine === "soft" || header.ends.length === 0, "its header is damaged");
  need(
    isList(header.files) && header.files.every((file) => isFile(file, header.fileBytes)),
    "its files are damaged",
  );
  need(isList(header.hostFunctions), "its host functions are damaged");
  need(isList(header.runs), "its memory is damaged");
  let [end, total, data] = [0, 0, header.artifact + header.fileBytes + header.registers];
  for (const run of header.runs) {
    need(
      isRecord(run) && isSize(run.address) && isSize(run.length) && isList(run.spans),
      "its memory is damaged",
    );
    need(run.address >= end, "its memory is not in order");
    end = run.address + run.length;
    total += run.length;
    data += checkSpans(run.spans, run.length);
  }
  need(
    total <= Math.min(header.memory + header.resultBytes + RUNTIME_BYTES, LARGEST_MEMORY),
    "it has more memory than its limits allow",
  );
  need(data === payload, "its pieces are not as long as it says");
  return header;
}

function checkSpans(spans: readonly Span[], length: number): number {
  let [end, data] = [0, 0];
  for (const span of spans) {
    need(isList(span) && span.length === 2 && span.every(isSize), "its memory is damaged");
    const [offset, bytes] = span;
    need(offset >= end && bytes > 0, "its memory is not in order");
    end = offset + bytes;
    need(end <= length, "its memory is longer than it says");
    data += bytes;
  }
  return data;
}

function isFile(file: unknown, bytes: number): boolean {
  if (!isRecord(file)) return false;
  const { path, offset, length } = file as unknown as BootFile;
  return typeof path === "string" && isSize(offset) && isSize(length) && offset + length <= bytes;
}

function isRecord(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isList(value: unknown): boolean {
  return Array.isArray(value) && value.length <= MOST;
}

function isSize(value: unknown): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function need(good: boolean, what: string): void {
  if (!good) throw bad(what);
}
