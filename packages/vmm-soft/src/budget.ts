import { FUEL_UNLIMITED } from "@twinwall/abi";

// A guest without interrupts stops by itself or not at all: it counts fuel, and a deadline is an amount of it. Fuel
// follows time roughly (see packages/compiler/rust/tune/src/fuel.rs), and how much of it a microsecond burns is measured
// on this host by a loop of cheap instructions. Programs burn from a fifth to a little more than twice of what that loop
// does. A call that is stopped before its time must not happen, so a deadline comes late rather than early; it is exact
// where a Worker can be ended.

/** Fuel a microsecond before anything was measured. */
const FIRST_RATE = 400;

/** A budget has so much more than the rate says. */
const MARGIN = 3;

/** Fuel a microsecond that no host burns: what an image's loop seems to have burned beyond that was no loop. */
const HIGHEST_RATE = 5000;

/** Fuel that every call may burn, whatever its deadline. */
const LEAST_FUEL = 10_000;

/** Fuel a microsecond of this host. */
export class FuelRate {
  #rate = FIRST_RATE;

  /** Fuel for so many microseconds. */
  budget(microseconds: number): number {
    return Math.ceil(microseconds * this.#rate * MARGIN) + LEAST_FUEL;
  }

  /** Takes over what a loop burned. */
  learn(fuel: number, microseconds: number): void {
    this.#rate = Math.min(fuel / microseconds, HIGHEST_RATE);
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
