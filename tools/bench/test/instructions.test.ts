import { readFileSync } from "node:fs";
import { hostProblem } from "@twinwall/vmm-kvm";
import { beforeEach, describe, expect, it } from "vitest";
import { countEcho, INSTRUCTION_LIMIT } from "../src/measurements/instructions.js";

const noKvm = hostProblem();

describe("an echo of 128 B", () => {
  beforeEach((context) => context.skip(noKvm !== undefined, noKvm));

  it("takes few guest instructions, and the same number each time", async () => {
    const module = new Uint8Array(
      readFileSync(new URL(import.meta.resolve("@twinwall/app-echo/artifacts/echo.wasm"))),
    );
    const count = await countEcho(module, 128);
    expect(count).toBeGreaterThan(100);
    expect(count).toBeLessThanOrEqual(INSTRUCTION_LIMIT);
    expect(await countEcho(module, 128)).toBe(count);
  });
});
