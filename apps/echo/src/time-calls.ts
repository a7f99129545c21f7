import { randomFillSync } from "node:crypto";
import type { Echo } from "./echo.js";
import { verify } from "./payloads.js";

/**
 * Times `count` blocks of `block` calls. Each call gets fresh random bytes and a buffer of its own for the answer;
 * all answers are checked, outside of the time.
 *
 * @param size Length of a payload, bytes.
 * @returns Microseconds a call, one figure for each block.
 * @throws Error When an answer is not what was sent.
 */
export function timeCalls(echo: Echo, size: number, count: number, block: number): Float64Array {
  const inputs = new Uint8Array(size * block);
  const outputs = new Uint8Array(size * block);
  const calls = Array.from({ length: block }, (_, index) => ({
    input: inputs.subarray(index * size, (index + 1) * size),
    output: outputs.subarray(index * size, (index + 1) * size),
    length: 0,
  }));
  return new Float64Array(count).map(() => {
    randomFillSync(inputs);
    outputs.fill(0);
    const start = performance.now();
    for (const call of calls) call.length = echo.callInto(call.input, call.output);
    const microseconds = (performance.now() - start) * 1000;
    for (const { input, output, length } of calls) verify(input, output.subarray(0, length));
    return microseconds / block;
  });
}
