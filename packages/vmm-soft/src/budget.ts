import { FUEL_UNLIMITED } from "@twinwall/abi";

// A guest without interrupts stops by itself or not at all: it counts fuel, and a deadline is an amount of it. How much
// fuel a microsecond burns depends on the host and on the program, so such a deadline is approximate. What is known is
// what a loop of cheap instructions burns; most programs burn less and are stopped later than they should be. The
// other way round, a call that is stopped before its time, must not happen.

/** Fuel a microsecond before anything was measured. */
const FIRST_RATE = 500;

/** A budget has so much more than the rate says. */
const MARGIN = 1.25;

/** Calls shorter than this say nothing about the rate, microseconds. */
const SHORTEST_SAMPLE = 1000;

/** Fuel that every call may burn, whatever its deadline. */
const LEAST_FUEL = 10_000;

/** Fuel a microsecond of this host, as far as it is known. */
export class FuelRate {
  #rate = 0;

  /** Fuel a microsecond. */
  get perMicrosecond(): number {
    return this.#rate === 0 ? FIRST_RATE : this.#rate;
  }

  /** Fuel for so many microseconds. */
  budget(microseconds: number): number {
    return Math.ceil(microseconds * this.perMicrosecond * MARGIN) + LEAST_FUEL;
  }

  /** Learns from a call, or from a loop that was measured: the rate is that of the fastest one. */
  learn(fuel: number, microseconds: number): void {
    if (microseconds >= SHORTEST_SAMPLE) this.#rate = Math.max(this.#rate, fuel / microseconds);
  }
}

/** The rate of this process. */
export const fuelRate = new FuelRate();

/** Fuel as two words. */
export interface FuelWords {
  readonly low: number;
  readonly high: number;
}

/** Splits an amount of fuel into words. */
export function fuelWords(fuel: bigint): FuelWords {
  return { low: Number(fuel & 0xffff_ffffn), high: Number(fuel >> 32n) };
}

/** No limit. */
export const unlimitedFuel: FuelWords = fuelWords(FUEL_UNLIMITED);
