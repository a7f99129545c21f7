import { BadTable, FlatTable } from "../flat-table.js";

/** Bytes in front of an image: the FlatBuffer around it, always the same but for the last four bytes, its length. */
export const HEAD_BYTES = 32;

// Position of the table; file identifier; virtual table; table; length. See the frame of the Rust crate.
const HEAD: readonly number[] = [16, 0x41565754, 0x00060000, 0x00040008, 6, 8, 0];

/** Where the head says how many bytes the image has. */
const LENGTH = 4 * HEAD.length;

/** Writes the head in front of an image. */
export function writeHead(view: DataView): void {
  for (let word = 0; word < HEAD.length; word++) view.setUint32(4 * word, HEAD[word] as number, true);
}

/** Sets how many bytes the image has. */
export function writeLength(view: DataView, imageBytes: number): void {
  view.setUint32(LENGTH, imageBytes, true);
}

/** Whether a frame of so many bytes has the head that our side writes. */
export function hasOurHead(view: DataView, frameBytes: number): boolean {
  if (frameBytes < HEAD_BYTES || view.getUint32(LENGTH, true) !== frameBytes - HEAD_BYTES) return false;
  for (let word = 0; word < HEAD.length; word++) {
    if (view.getUint32(4 * word, true) !== HEAD[word]) return false;
  }
  return true;
}

/**
 * The image in a well-formed table of whatever layout, a view.
 *
 * @throws BadTable
 */
export function imageOf(frame: Uint8Array): Uint8Array {
  const image = FlatTable.root(frame).byteVector(0);
  if (image === undefined) throw new BadTable("it has no image");
  return image;
}
