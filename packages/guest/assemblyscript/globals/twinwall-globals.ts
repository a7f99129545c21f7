// What this folder exports is global (option `lib`), so that option `use` can put it in the place of AssemblyScript's own.

import { abortWith } from "@twinwall/guest/assemblyscript/failure";
import { random_get } from "@twinwall/guest/assemblyscript/wasi_snapshot_preview1";

/** Takes the place of `abort`, which `throw` and failed checks call. */
export function twinwall_abort(message: usize, file: usize, line: u32, column: u32): void {
  abortWith(message, file, line, column);
}

/** Takes the place of `seed`, for `Math.random`. */
export function twinwall_seed(): f64 {
  const place = memory.data(8);
  random_get(place, 8);
  return reinterpret<f64>(load<u64>(place));
}
