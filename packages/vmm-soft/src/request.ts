import type { MachineLimits } from "@twinwall/vmm";
import { type FuelWords, fuelRate } from "./budget.js";
import { ticks, wallClock } from "./clock.js";
import type { SoftInstance } from "./instance.js";
import { RequestWord, writeLong } from "./mailbox.js";
import { writeSeed } from "./seeds.js";

/** Writes what calls and the boot have in common; `input` is where the input lies, `now` is `performance.now()`. */
export function writeRequest(
  instance: SoftInstance,
  limits: MachineLimits,
  now: number,
  fixedSeed: Uint32Array | undefined,
  input: number,
  inputBytes: number,
): void {
  instance.frame();
  const { words } = instance;
  writeLong(words, RequestWord.InputAddress, input);
  writeLong(words, RequestWord.InputLength, inputBytes);
  writeLong(words, RequestWord.OutputCapacity, instance.outputOpen);
  writeLong(words, RequestWord.OutputLimit, limits.outputBytes);
  writeLong(words, RequestWord.WallClock, wallClock(now));
  writeLong(words, RequestWord.Ticks, ticks(now));
  if (fixedSeed === undefined) writeSeed(words, RequestWord.Seed);
  else words.set(fixedSeed, RequestWord.Seed);
}

/** Whose fuel a call has: its own limit's, or what stands for a limit of time. */
export type FuelOf = "limit" | "deadline" | "cpuTime";

/** Writes the fuel of a call; returns whose it is. */
export function writeFuel(words: Uint32Array, { low, high }: FuelWords, limits: MachineLimits): FuelOf {
  const { deadlineUs, cpuTimeUs } = limits;
  const ofCpuTime = cpuTimeUs !== 0 && (deadlineUs === 0 || cpuTimeUs < deadlineUs);
  const time = ofCpuTime ? cpuTimeUs : deadlineUs;
  const budget = time === 0 ? Number.POSITIVE_INFINITY : fuelRate.budget(time);
  if (budget < high * 2 ** 32 + low) {
    writeLong(words, RequestWord.Fuel, budget);
    return ofCpuTime ? "cpuTime" : "deadline";
  }
  words[RequestWord.Fuel] = low;
  words[RequestWord.Fuel + 1] = high;
  return "limit";
}

/** When a call that begins at `now` must be over, in terms of `performance.now()`. */
export function deadlineAt(now: number, { deadlineUs }: MachineLimits): number {
  return deadlineUs === 0 ? Number.POSITIVE_INFINITY : now + deadlineUs / 1000;
}
