import {
  checkOptionNames,
  type Duration,
  type OptionNames,
  parseDuration,
  show,
  TwinwallError,
} from "@twinwall/abi";
import { PoolBudget } from "./budget.js";
import { wholeNumber } from "./whole-number.js";

/** Options of a pool. An unknown name is `E_OPTION`. */
export interface PoolOptions {
  /** Machines that are kept ready, as far as a budget has room for them. Default 1. */
  readonly min?: number;
  /** Most machines. Default 16. */
  readonly max?: number;
  /** How long a machine above `min` stays idle before it goes. Default `"30s"`; `"none"`: for good. */
  readonly idleTime?: Duration | "none";
  /**
   * Calls after which a machine is taken apart and another takes its place; a lease that goes on calling keeps it until
   * it is released. Default: no limit.
   */
  readonly maxUses?: number;
  /** Most requests that wait for a machine; one more is `E_BUSY` at once. Default 1,024; 0: none waits. */
  readonly queue?: number;
  /** Longest time that a request waits, after which it is `E_BUSY`. Default `"10s"`. */
  readonly queueTime?: Duration;
  /** Shares a number of machines and bytes with other pools. Default: none. */
  readonly budget?: PoolBudget;
}

/** Options of a pool, checked and filled in. */
export interface PoolSettings {
  readonly min: number;
  readonly max: number;
  /** Milliseconds; `undefined`: for good. */
  readonly idleTime: number | undefined;
  /** `Infinity`: no limit. */
  readonly maxUses: number;
  readonly queue: number;
  /** Milliseconds. */
  readonly queueTime: number;
  readonly budget: PoolBudget | undefined;
}

/** Names of the options of a pool. */
export const poolOptions: OptionNames<PoolOptions> = {
  min: true,
  max: true,
  idleTime: true,
  maxUses: true,
  queue: true,
  queueTime: true,
  budget: true,
};

/** Most machines of a pool: more are a mistake. */
const MOST_MACHINES = 65_536;
const DEFAULT_MAX = 16;
/** Longest time of an option, microseconds: a day. */
const LONGEST_TIME = 86_400_000_000;

/**
 * Checks the options of a pool.
 *
 * @param subject What has these options, for the error.
 * @throws TwinwallError `E_OPTION` naming what is unknown or bad, with the range that is allowed.
 */
export function parsePoolOptions(subject: string, options: PoolOptions): PoolSettings {
  checkOptionNames(subject, options, poolOptions);
  const { min, idleTime, maxUses, queue, queueTime = "10s", budget } = options;
  const max = wholeNumber(options.max, "max", 1, MOST_MACHINES, DEFAULT_MAX);
  if (budget !== undefined && !(budget instanceof PoolBudget)) {
    throw new TwinwallError("E_OPTION", `budget: expected a PoolBudget, found ${show(budget)}`);
  }
  return {
    min: wholeNumber(min, "min", 0, max, Math.min(1, max)),
    max,
    idleTime: idleTime === "none" ? undefined : milliseconds(idleTime ?? "30s", "idleTime"),
    maxUses: wholeNumber(maxUses, "maxUses", 1, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY),
    queue: wholeNumber(queue, "queue", 0, 2 ** 20, 1024),
    queueTime: milliseconds(queueTime, "queueTime"),
    budget,
  };
}

function milliseconds(value: unknown, name: string): number {
  const time = parseDuration(value, name);
  if (time <= LONGEST_TIME) return time / 1000;
  throw new TwinwallError("E_OPTION", `${name}: expected a time from 1us to a day, found ${show(value)}`);
}
