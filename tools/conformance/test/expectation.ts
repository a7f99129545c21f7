import { createHash } from "node:crypto";
import type { ProgramVector } from "@twinwall/programs";
import { expect } from "vitest";

/** What a run came to, in the terms of a vector. */
export interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: Uint8Array;
  /** Shown when the exit status is another than the expected one. */
  readonly stderr: string;
}

/** Compares exit status and all of the output with what the vector says. */
export function expectOutcome({ exitCode, stdout, stderr }: Outcome, vector: ProgramVector): void {
  expect(exitCode, stderr).toBe(vector.exitCode);
  if (typeof vector.stdout === "string") {
    expect(new TextDecoder().decode(stdout)).toBe(vector.stdout);
    return;
  }
  const sha256 = createHash("sha256").update(stdout).digest("hex");
  expect({ sha256, bytes: stdout.length }).toEqual(vector.stdout);
}
