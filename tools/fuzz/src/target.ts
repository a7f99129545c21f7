import { type ErrorCode, TwinwallError } from "@twinwall/abi";
import type { Random } from "./mutate.js";

/** What became of an input. Whatever else happens is a finding, and is thrown. */
export type Outcome = "read" | "refused";

/** A reader of foreign bytes, and how to damage what it reads. */
export interface Target {
  readonly name: string;
  /** Folder of its inputs in `corpus/`. Default: its name. */
  readonly corpus?: string;
  /** What it reads, for the table. */
  readonly reads: string;
  /** Most time for one input, milliseconds. Default: 1,000. Reading takes far less, but machines pause. */
  readonly mostMilliseconds?: number;
  /** One case in so many of those asked for: of what takes milliseconds for each. Default: 1. */
  readonly share?: number;
  /** What it needs and is not here; nothing runs then. Default: it needs nothing. */
  missing?(): string | undefined;
  /** Damages an input of the corpus with a view to its structure. Default: anywhere. */
  damage?(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array;
  /**
   * Reads one input.
   *
   * @throws Error Of any kind, when it is neither read nor refused as the reader's documentation says.
   */
  run(bytes: Uint8Array): Outcome | Promise<Outcome>;
}

/** Whether it is an error with one of these codes. */
export function isRefusal(error: unknown, codes: readonly ErrorCode[]): boolean {
  return error instanceof TwinwallError && codes.includes(error.code);
}

/** A target's `run` that reads or is refused with one of these codes, at once. */
export function readsOrRefuses(codes: readonly ErrorCode[], read: (bytes: Uint8Array) => void) {
  return (bytes: Uint8Array): Outcome => {
    try {
      read(bytes);
      return "read";
    } catch (error) {
      if (isRefusal(error, codes)) return "refused";
      throw error;
    }
  };
}
