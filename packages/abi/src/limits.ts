import { TwinwallError } from "./error.js";
import { checkOptionNames } from "./option-names.js";
import { type Duration, parseCount, parseDuration, parseSize, type Size, show } from "./quantity.js";

/** Limits of a sandbox as a caller writes them. All are per call, except `memory`. */
export interface LimitOptions {
  /** Cap on all linear memories and tables together; an element of a table counts 32 bytes. Default `"64MiB"`. */
  readonly memory?: Size;
  /**
   * Longest time of a call, host functions included. Default `"1s"`; `"none"` must be said. It holds for the module's
   * initialisation too, which has at least a second. A synchronous call on the soft machine is never ended early, but may
   * be ended late, by some fifteen times where its code is made for it; `callAsync` is exact.
   */
  readonly deadline?: Duration | "none";
  /**
   * Fuel of a call, the same on each machine: a cheap instruction is about one unit; calls, jumps, vectors and operations
   * over many bytes cost more. Default `"off"`: not counted.
   */
  readonly fuel?: number | bigint | "off";
  /** Largest result of a call, and largest argument of a host function. Default `"1MiB"`. */
  readonly resultBytes?: Size;
  /** Most host calls of a call. Default 10,000. */
  readonly hostCalls?: number;
  /** Most bytes that the host calls of a call may pass, arguments and answers together. Default `"64MiB"`. */
  readonly hostBytes?: Size;
  /**
   * Most processor time of a call: of the thread that runs it, host functions that run there included. More is
   * `E_DEADLINE`. On the soft machine it is an amount of fuel, and as approximate as a synchronous deadline.
   * Default `"none"`: the deadline bounds it.
   */
  readonly cpuTime?: Duration | "none";
  /**
   * How many calls may be under way on a thread when a call begins there, each within a host function of the one before;
   * more is `E_LIMIT`. Default 8.
   */
  readonly nesting?: number;
  /** Most bytes that a call may log: stdout, stderr and deferred host calls. Default `"64KiB"`. */
  readonly logBytes?: Size;
}

/** Limits as numbers. */
export interface Limits {
  /** Bytes. */
  readonly memory: number;
  /** Microseconds; `undefined`: none. */
  readonly deadline: number | undefined;
  /** Units of fuel; `undefined`: not counted. */
  readonly fuel: bigint | undefined;
  /** Bytes. */
  readonly resultBytes: number;
  readonly hostCalls: number;
  /** Bytes. */
  readonly hostBytes: number;
  /** Microseconds; `undefined`: not limited. */
  readonly cpuTime: number | undefined;
  readonly nesting: number;
  /** Bytes. */
  readonly logBytes: number;
}

/** What holds where nothing is said. */
export const defaultLimits: Limits = Object.freeze({
  memory: 64 * 2 ** 20,
  deadline: 1_000_000,
  fuel: undefined,
  resultBytes: 2 ** 20,
  hostCalls: 10_000,
  hostBytes: 64 * 2 ** 20,
  cpuTime: undefined,
  nesting: 8,
  logBytes: 64 * 2 ** 10,
});

/** Largest area for data in one direction, bytes: 1 GiB less a page. */
export const LARGEST_AREA = 2 ** 30 - 4096;

/** Largest `memory`, bytes. */
const LARGEST_MEMORY = 16 * 2 ** 30;

/** Longest deadline, microseconds: a day. Longer ones are mistakes; `"none"` is there. */
const LONGEST_DEADLINE = 86_400_000_000;

/** Fuel that stands for "not limited" in a request. */
export const FUEL_UNLIMITED = 2n ** 64n - 1n;

/** Deepest nesting of calls: what a thread's stack has room for. */
const DEEPEST = 64;

/**
 * Reads limits and fills in the defaults.
 *
 * @throws TwinwallError `E_OPTION` for an unknown name or a bad value, naming it.
 * @example
 * ```ts
 * parseLimits({ memory: "16MiB", deadline: "50ms" }).deadline; // => 50000
 * ```
 */
export function parseLimits(options: LimitOptions = {}): Limits {
  checkOptionNames("limits", options, defaultLimits, "limit");
  const { memory, deadline, fuel, resultBytes, hostCalls, hostBytes, cpuTime, nesting, logBytes } = options;
  const fallback = defaultLimits;
  return {
    memory: size(memory, "memory", LARGEST_MEMORY, fallback.memory),
    deadline: time(deadline, "deadline", fallback.deadline),
    fuel: parseFuel(fuel),
    resultBytes: size(resultBytes, "resultBytes", LARGEST_AREA, fallback.resultBytes),
    hostCalls: count(hostCalls, "hostCalls", 2 ** 32 - 1, fallback.hostCalls),
    hostBytes: size(hostBytes, "hostBytes", Number.MAX_SAFE_INTEGER, fallback.hostBytes),
    cpuTime: time(cpuTime, "cpuTime", fallback.cpuTime),
    nesting: count(nesting, "nesting", DEEPEST, fallback.nesting),
    logBytes: size(logBytes, "logBytes", Number.MAX_SAFE_INTEGER, fallback.logBytes),
  };
}

function size(value: unknown, name: string, largest: number, fallback: number): number {
  return value === undefined ? fallback : atMost(parseSize(value, name), largest, name);
}

function count(value: unknown, name: string, largest: number, fallback: number): number {
  return value === undefined ? fallback : atMost(parseCount(value, name), largest, name);
}

function time(value: unknown, name: string, fallback: number | undefined): number | undefined {
  if (value === undefined) return fallback;
  if (value === "none") return undefined;
  return atMost(parseDuration(value, name), LONGEST_DEADLINE, name);
}

function parseFuel(value: unknown): bigint | undefined {
  if (value === undefined || value === "off") return undefined;
  if (typeof value === "bigint" && value >= 0n && value < FUEL_UNLIMITED) return value;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  throw new TwinwallError(
    "E_OPTION",
    `fuel: ${show(value)} is no amount of fuel; give a whole number, or "off"`,
  );
}

function atMost(value: number, largest: number, name: string): number {
  if (value <= largest) return value;
  throw new TwinwallError(
    "E_OPTION",
    `${name}: ${value} is more than the largest possible, ${largest}; 0 to ${largest} are allowed`,
  );
}
