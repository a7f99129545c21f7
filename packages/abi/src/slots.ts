import type { ScalarKind } from "./values.js";

/** Bytes of a slot: scalars cross the wall in slots of 8 bytes, little endian. */
export const SLOT_BYTES = 8;

/** A scalar as TypeScript sees it: i32, f32 and f64 are numbers, i64 is a bigint. Integers are signed. */
export type ScalarValue = number | bigint;

/** Writes `value` into the slot at `index`; i32 is sign-extended, f32 lies in the low half. */
export function writeSlot(view: DataView, index: number, kind: ScalarKind, value: ScalarValue): void {
  const at = index * SLOT_BYTES;
  switch (kind) {
    case "i32": {
      const low = Number(value) | 0;
      view.setInt32(at, low, true);
      view.setInt32(at + 4, low >> 31, true);
      return;
    }
    case "i64":
      view.setBigInt64(at, BigInt.asIntN(64, BigInt(value)), true);
      return;
    case "f32":
      view.setFloat32(at, Number(value), true);
      view.setUint32(at + 4, 0, true);
      return;
    case "f64":
      view.setFloat64(at, Number(value), true);
      return;
  }
}

/** Reads the slot at `index`. */
export function readSlot(view: DataView, index: number, kind: ScalarKind): ScalarValue {
  const at = index * SLOT_BYTES;
  switch (kind) {
    case "i32":
      return view.getInt32(at, true);
    case "i64":
      return view.getBigInt64(at, true);
    case "f32":
      return view.getFloat32(at, true);
    case "f64":
      return view.getFloat64(at, true);
  }
}
