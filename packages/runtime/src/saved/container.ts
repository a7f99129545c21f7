import { TwinwallError } from "@twinwall/abi";
import { platform } from "#runtime/platform";

// Layout, little endian:
//
//      0  magic "TWINSNAP"
//      8  version, u32
//     12  length of the header, u32
//     16  length of the whole, u64
//     24  1 when a key authenticates it, else 0, u32
//     28  zero, u32
//     32  SHA-256 of everything but itself, or with a key its HMAC
//     64  header, JSON in UTF-8
//         pieces, one behind the other; the header says how long they are

const MAGIC = new TextEncoder().encode("TWINSNAP");

/** The only version so far. */
const VERSION = 1;

const DIGEST = 32;
const HEADER = 64;

/** Longest header, bytes: what a file says is bounded before it is parsed. */
const LONGEST_HEADER = 16 * 2 ** 20;

/** Puts a header and pieces together. */
export function encodeContainer(
  header: object,
  pieces: readonly Uint8Array[],
  key: Uint8Array | undefined,
): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(JSON.stringify(header));
  if (text.length > LONGEST_HEADER)
    throw new TwinwallError("E_LIMIT", "snapshot: its memory is in too many pieces");
  const length = pieces.reduce((sum, piece) => sum + piece.length, HEADER + text.length);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint32(8, VERSION, true);
  view.setUint32(12, text.length, true);
  view.setBigUint64(16, BigInt(length), true);
  view.setUint32(24, key === undefined ? 0 : 1, true);
  bytes.set(text, HEADER);
  let at = HEADER + text.length;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  bytes.set(bytesOf(digestOf(bytes, key)), DIGEST);
  return bytes;
}

/**
 * Takes a container apart. The bytes must be nobody else's: they are verified first and read then.
 *
 * @returns The header, and everything behind it.
 * @throws TwinwallError `E_BAD_SNAPSHOT` with the reason.
 */
export function decodeContainer(
  bytes: Uint8Array,
  key: Uint8Array | undefined,
): { header: unknown; payload: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < HEADER || MAGIC.some((byte, index) => bytes[index] !== byte)) throw bad("it is none");
  const version = view.getUint32(8, true);
  if (version > VERSION)
    throw bad(`it has version ${version}, this release reads version ${VERSION}: it is newer`);
  if (version !== VERSION) throw bad(`it has version ${version}, this release reads version ${VERSION}`);
  if (view.getBigUint64(16, true) !== BigInt(bytes.length))
    throw bad("it is cut short, or has bytes behind its end");
  const keyed = view.getUint32(24, true);
  if (keyed > 1 || view.getUint32(28, true) !== 0) throw bad("its head is damaged");
  if (keyed === 0 && key !== undefined) throw bad("no key authenticates it, but a key was given");
  if (keyed === 1 && key === undefined) throw bad("a key authenticates it; give option key");
  if (!equal(bytesOf(digestOf(bytes, key)), bytes.subarray(DIGEST, HEADER)))
    throw bad(keyed === 1 ? "it was changed, or the key is another" : "it is damaged: its hash is another");
  const length = view.getUint32(12, true);
  if (length > LONGEST_HEADER || HEADER + length > bytes.length) throw bad("its header is longer than it is");
  return { header: parse(bytes.subarray(HEADER, HEADER + length)), payload: bytes.subarray(HEADER + length) };
}

/** A refusal. */
export function bad(what: string): TwinwallError {
  return new TwinwallError("E_BAD_SNAPSHOT", `snapshot: ${what}`);
}

function parse(text: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(text));
  } catch {
    throw bad("its header cannot be read");
  }
}

function digestOf(bytes: Uint8Array, key: Uint8Array | undefined): string {
  const pieces = [bytes.subarray(0, DIGEST), bytes.subarray(HEADER)];
  if (key === undefined) return platform.sha256(...pieces);
  // HMAC takes keys that differ by zeros at their end for the same.
  return platform.hmacSha256(bytesOf(platform.sha256(key)), ...pieces);
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** In a time that does not depend on where they differ. */
function equal(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let index = 0; index < a.length; index++) difference |= (a[index] ?? 0) ^ (b[index] ?? 0);
  return difference === 0;
}
