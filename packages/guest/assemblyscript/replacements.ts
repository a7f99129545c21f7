// What option `use` of asconfig.json puts in the place of AssemblyScript's own. That option finds it only in a program that
// this file is a part of, so `index.ts` imports it.

import { abortWith } from "./failure";
import { random_get } from "./wasi_snapshot_preview1";

/** Takes the place of `abort`, which `throw` and failed checks call. */
export function abort(message: usize, file: usize, line: u32, column: u32): void {
  abortWith(message, file, line, column);
}

/** Takes the place of `seed`, for `Math.random`. */
export function seed(): f64 {
  const place = memory.data(8);
  random_get(place, 8);
  return reinterpret<f64>(load<u64>(place));
}
