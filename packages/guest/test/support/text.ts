import { expect } from "vitest";
import { GuestFailure } from "./guest.js";
import { randomNumbers } from "./random.js";

// First and last of each length, surrogates, long forms, what is cut short, and what begins with a continuation.
const sequences = [
  "",
  "00 7f c280 dfbf e0a080 efbfbf f0908080 f48fbfbf",
  "ed9fbf ee8080",
  "eda080",
  "edbfbf",
  "c080",
  "c1bf",
  "e09fbf",
  "f08fbfbf",
  "f4908080",
  "f5808080",
  "80",
  "c2",
  "e0a0",
  "f09080",
  "c241",
  "e0a041",
  "f0908041",
  "fe",
  "ff",
];

/** Bytes that are nearly text: pieces of it, some of them damaged. */
function nearlyText(random: (bound: number) => number): Uint8Array {
  const text = Array.from({ length: random(8) }, () => String.fromCodePoint(random(0xd800))).join("");
  const bytes = new TextEncoder().encode(`${text}${random(2) ? "😀" : ""}`);
  if (bytes.length > 0 && random(2)) bytes[random(bytes.length)] = random(256);
  return bytes.subarray(0, bytes.length - (random(4) === 0 ? 1 : 0));
}

/**
 * Expects a guest to take exactly those bytes for text that the standard says are UTF-8, and to fail with -2 otherwise.
 *
 * @param read calls the guest
 */
export function expectSameText(read: (bytes: Uint8Array) => unknown): void {
  const random = randomNumbers(2);
  const written = sequences.map((hex) => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex")));
  const counts = { text: 0, other: 0 };
  for (const bytes of [...written, ...Array.from({ length: 2_000 }, () => nearlyText(random))]) {
    if (isText(bytes)) {
      counts.text++;
      read(bytes);
      continue;
    }
    counts.other++;
    const failure = failureOf(() => read(bytes));
    expect(failure?.code, Buffer.from(bytes).toString("hex")).toBe(-2);
    expect(failure?.message).toMatch(/not UTF-8/);
  }
  expect(Math.min(counts.text, counts.other)).toBeGreaterThan(100);
}

function failureOf(call: () => unknown): GuestFailure | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    if (error instanceof GuestFailure) return error;
    throw error;
  }
}

function isText(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
