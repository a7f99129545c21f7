import type { MachineName } from "@twinwall/abi";
import type { GuaranteeId } from "./guarantees.js";
import type { Random } from "./random.js";

/** What an attack runs with. */
export interface Context {
  readonly machine: MachineName;
  /** How often to try; 1 is a quick look. What a try is, each attack says. */
  readonly tries: number;
  readonly random: Random;
}

/**
 * Carries an attack out, and fails by throwing when the machine does not survive it.
 *
 * @returns How many attempts it made.
 */
export type Run = (context: Context) => number | Promise<number>;

/** An attack, and what must hold when it is over. */
export interface Attack {
  /** Kebab-case; the name of its file without the number. */
  readonly id: string;
  /** What the attacker does, one line. */
  readonly title: string;
  /** What is checked, besides surviving. */
  readonly check: string;
  /** The guarantees that it puts to the test. */
  readonly guarantees: readonly GuaranteeId[];
  /** The attack on each machine; where there is none, why. */
  readonly on: Readonly<Record<MachineName, Run | string>>;
  /** Tests of the crate `twinwall-vmm-kvm` that carry it out below Node, by full name. */
  readonly core: readonly string[];
  /** Resident memory that may remain for the next attack, MiB. Default 64. */
  readonly margin?: number;
}
