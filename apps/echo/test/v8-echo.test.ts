import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { PAYLOAD_SIZES, PIECE_BYTES, randomPayload, verify } from "../src/payloads.js";
import { openV8Echo } from "../src/v8-echo.js";

const guest = new URL("../artifacts/echo.wasm", import.meta.url);

describe.skipIf(!existsSync(guest))("the guest (skipped where artifacts/echo.wasm is not built)", () => {
  it("returns every byte, for every size, again and again", () => {
    using echo = openV8Echo(new Uint8Array(readFileSync(guest)));
    const output = new Uint8Array(PIECE_BYTES);
    for (const size of [...PAYLOAD_SIZES, 0, 1, PIECE_BYTES]) {
      for (let time = 0; time < 3; time++) {
        const payload = randomPayload(size);
        verify(payload, output.subarray(0, echo.callInto(payload, output)));
      }
    }
  });

  it("is one page of memory, and stays one page for small payloads", () => {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(guest)));
    const { memory, twinwall_allocate: allocate } = instance.exports as {
      memory: WebAssembly.Memory;
      twinwall_allocate: (size: number) => number;
    };
    for (let count = 0; count < 4; count++) expect(allocate(4096)).toBeGreaterThan(0);
    expect(memory.buffer.byteLength).toBe(65_536);
  });
});
