import { ABI_VERSION, MAILBOX_MAGIC, mailboxOffsets, reportLayout, requestLayout } from "@twinwall/abi";

// The mailbox header as 32-bit words: a call reads and writes it in place, field by field. A 64-bit number is two
// words, low and high; as a JavaScript number it is exact up to 2^53, far beyond any address or length here.

const word = (base: number, [offset]: readonly [number, unknown]): number => (base + offset) / 4;
const request = (field: keyof typeof requestLayout): number =>
  word(mailboxOffsets.request, requestLayout[field]);
const report = (field: keyof typeof reportLayout): number => word(mailboxOffsets.report, reportLayout[field]);

/** Words of a request. */
export const RequestWord = Object.freeze({
  Magic: request("magic"),
  Version: request("version"),
  RequestId: request("requestId"),
  /** Kind in the low half, flags in the high half. */
  KindAndFlags: request("kind"),
  Function: request("function"),
  InputAddress: request("inputAddress"),
  InputLength: request("inputLength"),
  OutputAddress: request("outputAddress"),
  OutputCapacity: request("outputCapacity"),
  OutputLimit: request("outputLimit"),
  OutboxAddress: request("outboxAddress"),
  OutboxCapacity: request("outboxCapacity"),
  Fuel: request("fuel"),
  WallClock: request("wallClock"),
  TickScale: request("tickScale"),
  Seed: request("seed"),
  Ticks: request("ticks"),
});

/** Words of a report. */
export const ReportWord = Object.freeze({
  Operation: report("operation"),
  /** In the low half. */
  Status: report("status"),
  Detail: report("detail"),
  Function: report("function"),
  RequestId: report("requestId"),
  OutputAddress: report("outputAddress"),
  OutputLength: report("outputLength"),
  MessageLength: report("messageLength"),
  GrowAddress: report("growAddress"),
  GrowLength: report("growLength"),
  OutboxLength: report("outboxLength"),
  FuelUsed: report("fuelUsed"),
  MemoryBytes: report("memoryBytes"),
});

/** Words of an answer. */
export const AnswerWord = Object.freeze({
  Status: mailboxOffsets.answer / 4,
  Address: mailboxOffsets.answer / 4 + 2,
  Length: mailboxOffsets.answer / 4 + 4,
});

/** Words of the mailbox that either side writes. */
export const MAILBOX_WORDS = ReportWord.MemoryBytes + 6;

/** 2^32. */
const HIGH = 4_294_967_296;

/** Writes a 64-bit number; `value` is not negative and below 2^64. */
export function writeLong(words: Uint32Array, at: number, value: number): void {
  const high = Math.floor(value / HIGH);
  words[at] = value - high * HIGH;
  words[at + 1] = high;
}

/** Reads a 64-bit number; above 2^53 it is rounded. */
export function readLong(words: Uint32Array, at: number): number {
  return (words[at] ?? 0) + (words[at + 1] ?? 0) * HIGH;
}

/** Writes what every request says of the machine, whatever the call. */
export function writeFrame(
  words: Uint32Array,
  addresses: { output: number; outbox: number; outboxBytes: number },
): void {
  words[RequestWord.Magic] = MAILBOX_MAGIC;
  words[RequestWord.Version] = ABI_VERSION;
  writeLong(words, RequestWord.OutputAddress, addresses.output);
  writeLong(words, RequestWord.OutboxAddress, addresses.outbox);
  writeLong(words, RequestWord.OutboxCapacity, addresses.outboxBytes);
  // A tick is a nanosecond: 1.0 as 32.32 fixed point.
  words[RequestWord.TickScale] = 0;
  words[RequestWord.TickScale + 1] = 1;
}
