import { randomBytes } from "node:crypto";

/** Random bytes of which none is a command of `test/guests/commands.wat`, wherever chunks begin. */
export function payload(length: number): Buffer {
  return Buffer.from(randomBytes(length).map((byte) => byte | 0x80));
}
