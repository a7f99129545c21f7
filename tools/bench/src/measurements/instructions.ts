import { existsSync, readFileSync } from "node:fs";
import { judge, notMeasured, type Row } from "../row.js";

const HEAD = {
  id: "instructions",
  what: "guest instructions of an echo of 128 B",
  unit: "count",
  goal: "≤ 2,000",
} as const;
const LIMIT = 2000;

/** Where the Rust test that steps through the call leaves its count: `{ "instructions": N }`. */
const COUNT = new URL("../../../packages/runtime/artifacts/echo-instructions.json", import.meta.url);

/** Gate to gate, counted by a test of the Rust core that steps through one call; the bench only reads its count. */
export function readInstructions(): Row {
  if (!existsSync(COUNT)) return notMeasured(HEAD, "the test that counts them has not run");
  const count: unknown = (JSON.parse(readFileSync(COUNT, "utf8")) as { instructions?: unknown }).instructions;
  if (typeof count !== "number") return notMeasured(HEAD, "its file holds no number");
  return judge({ ...HEAD, value: count, limit: LIMIT, note: "counted by single steps, gate to gate" });
}
