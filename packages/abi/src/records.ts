import { TwinwallError } from "./error.js";
import { RecordKind } from "./generated/twinwall/abi/record-kind.js";

/** Bytes of a record's head. */
const HEAD = 16;

/** One outbox record. */
export interface OutboxRecord {
  readonly kind: RecordKind;
  /** Host function of a deferred host call; else 0. */
  readonly function: number;
  readonly data: Uint8Array;
}

/**
 * Reads the records of a copy of an outbox: `kind: u16, 0: u16, function: u32, length: u32, 0: u32`, then `length`
 * bytes and padding to 8.
 *
 * @throws TwinwallError `E_BAD_REPLY` when the bytes do not hold what their numbers say.
 */
export function decodeRecords(bytes: Uint8Array): OutboxRecord[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: OutboxRecord[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + HEAD > bytes.length) throw bad(`a head at byte ${at} is cut short`);
    const kind = view.getUint16(at, true);
    if (kind !== RecordKind.Stdout && kind !== RecordKind.Stderr && kind !== RecordKind.HostCall) {
      throw bad(`kind ${kind} at byte ${at} is unknown`);
    }
    const length = view.getUint32(at + 8, true);
    const start = at + HEAD;
    if (start + length > bytes.length) throw bad(`a record at byte ${at} is cut short`);
    records.push({
      kind,
      function: view.getUint32(at + 4, true),
      data: bytes.subarray(start, start + length),
    });
    at = start + Math.ceil(length / 8) * 8;
  }
  return records;
}

function bad(reason: string): TwinwallError {
  return new TwinwallError("E_BAD_REPLY", `outbox: ${reason}`);
}
