// The mailbox header as a field table: what schema/mailbox.fbs and schema/image.fbs lay out. flatc's structs cannot be
// written in place; a driver in TypeScript writes requests and reads reports with these, the test vectors hold both
// languages to the same bytes.

/** Type of a field: `uN` and `iN` are integers of N bits; a number is that many bytes. */
type FieldType = "u16" | "i32" | "u32" | "u64" | number;

/** A struct's fields: name, offset, type. */
type Layout = Readonly<Record<string, readonly [offset: number, type: FieldType]>>;

/** Values of a struct: numbers, 64-bit ones as bigint, byte arrays. */
export type StructValues<Fields extends Layout> = {
  [Name in keyof Fields]: Fields[Name][1] extends "u64"
    ? bigint
    : Fields[Name][1] extends number
      ? Uint8Array
      : number;
};

/** Host to guest, before each call; 144 bytes at offset 0. */
export const requestLayout = {
  magic: [0, "u32"],
  version: [4, "u32"],
  requestId: [8, "u64"],
  kind: [16, "u16"],
  flags: [18, "u16"],
  function: [20, "u32"],
  inputAddress: [24, "u64"],
  inputLength: [32, "u64"],
  outputAddress: [40, "u64"],
  outputCapacity: [48, "u64"],
  outputLimit: [56, "u64"],
  outboxAddress: [64, "u64"],
  outboxCapacity: [72, "u64"],
  fuel: [80, "u64"],
  wallClock: [88, "u64"],
  tickScale: [96, "u64"],
  seed: [104, 32],
  ticks: [136, "u64"],
} as const satisfies Layout;

/** Host to guest, the answer to a host call; 24 bytes at offset 256. */
export const answerLayout = {
  status: [0, "u32"],
  reserved: [4, "u32"],
  address: [8, "u64"],
  length: [16, "u64"],
} as const satisfies Layout;

/** Guest to host, at each exit; 104 bytes at offset 512. */
export const reportLayout = {
  operation: [0, "u32"],
  status: [4, "u16"],
  detail: [8, "i32"],
  function: [12, "u32"],
  requestId: [16, "u64"],
  outputAddress: [24, "u64"],
  outputLength: [32, "u64"],
  messageLength: [40, "u64"],
  growAddress: [48, "u64"],
  growLength: [56, "u64"],
  outboxLength: [64, "u64"],
  fuelUsed: [72, "u64"],
  memoryBytes: [80, "u64"],
  enteredAt: [88, "u64"],
  leftAt: [96, "u64"],
} as const satisfies Layout;

/** Section `.twinwall` of an image; 56 bytes. */
export const imageHeaderLayout = {
  magic: [0, "u32"],
  version: [4, "u32"],
  resume: [8, "u64"],
  stackBytes: [16, "u64"],
  heapBytes: [24, "u64"],
  inputBytes: [32, "u64"],
  outputBytes: [40, "u64"],
  outboxBytes: [48, "u64"],
} as const satisfies Layout;

/** Offsets of the structs within the mailbox page. */
export const mailboxOffsets = Object.freeze({ request: 0, answer: 256, report: 512 });

/** Writes a struct at byte `at` of `view`. */
export function writeStruct<Fields extends Layout>(
  view: DataView,
  at: number,
  layout: Fields,
  values: StructValues<Fields>,
): void {
  for (const [name, [offset, type]] of Object.entries(layout)) {
    writeField(view, at + offset, type, (values as Record<string, number | bigint | Uint8Array>)[name] ?? 0);
  }
}

/** Reads a struct at byte `at` of `view`; byte arrays are copied. */
export function readStruct<Fields extends Layout>(
  view: DataView,
  at: number,
  layout: Fields,
): StructValues<Fields> {
  const entries = Object.entries(layout).map(([name, [offset, type]]) => [
    name,
    readField(view, at + offset, type),
  ]);
  return Object.fromEntries(entries) as StructValues<Fields>;
}

function writeField(view: DataView, at: number, type: FieldType, value: number | bigint | Uint8Array): void {
  if (value instanceof Uint8Array) {
    const length = typeof type === "number" ? type : 0;
    new Uint8Array(view.buffer, view.byteOffset + at, length).set(value.subarray(0, length));
  } else if (type === "u64") view.setBigUint64(at, BigInt(value), true);
  else if (type === "u32") view.setUint32(at, Number(value), true);
  else if (type === "i32") view.setInt32(at, Number(value), true);
  else if (type === "u16") view.setUint16(at, Number(value), true);
}

function readField(view: DataView, at: number, type: FieldType): number | bigint | Uint8Array {
  if (type === "u64") return view.getBigUint64(at, true);
  if (type === "u32") return view.getUint32(at, true);
  if (type === "i32") return view.getInt32(at, true);
  if (type === "u16") return view.getUint16(at, true);
  return new Uint8Array(view.buffer, view.byteOffset + at, type).slice();
}
