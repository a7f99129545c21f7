import { readFileSync } from "node:fs";
import type { HostileImage } from "./victim.js";

/**
 * What the probe in front of the attacks does by itself (`enum Behaviour` of packages/vmm-kvm/rust/core/src/probe), by
 * its number.
 */
const behaviours: readonly (readonly [string, number])[] = [
  ["keep", 1],
  ["tell", 2],
  ["tell register", 3],
  ["deep stack", 4],
  ["undefined instruction", 5],
  ["loop", 6],
  ["another port", 7],
  ["read of the gate", 8],
  ["wide gate", 9],
  ["forged exception", 12],
  ["read of address zero", 13],
  ["read of the system pages", 14],
  ["write to code", 15],
  ["execution of the stack", 16],
  ["below the stack", 17],
  ["hlt", 18],
  ["syscall", 19],
  ["rdmsr", 20],
  ["write cr3", 21],
  ["int 0x80", 22],
  ["division by zero", 23],
  ["result outside of the area", 25],
  ["unknown operation", 26],
  ["endless outbox", 27],
  ["growth without end", 29],
  ["answer to another request", 30],
];

/** The hostile image of the KVM machine, which `scripts/build-image.mjs` writes. */
export function nativeImage(): HostileImage {
  const folder = new URL("../artifacts/", import.meta.url.replace(/\/src\/victims\//, "/src/"));
  const pieces = JSON.parse(readFileSync(new URL("hostile.json", folder), "utf8")) as Record<string, number>;
  const functions = new Map([...behaviours, ...Object.entries(pieces)]);
  return { image: readFileSync(new URL("hostile.elf", folder)), functions, zeros: [2, 3] };
}
