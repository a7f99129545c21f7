import type { Effort } from "./interleave.js";

/** What all measurements share. */
export interface Bench {
  /** How often calls are measured. */
  readonly effort: Effort;
  /** The guest of apps/echo: `echo` returns what it gets; one page of memory. */
  readonly echoModule: Uint8Array;
  /** Medians in nanoseconds that later rows compare with, by name. */
  readonly medians: Map<string, number>;
  /** Says what is going on. */
  readonly progress: (text: string) => void;
}

/** At least 2,000 samples of each call. */
export const FULL: Effort = { rounds: 50, perRound: 50 };

/** For a look, not for a record. */
export const QUICK: Effort = { rounds: 10, perRound: 20 };
