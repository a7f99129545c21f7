import type { MachineName } from "@twinwall/sandbox";
import { measureFloor, openKvmDriver } from "@twinwall/vmm-kvm";
import { type Echo, openCleanSlate, openSession } from "./echo.js";
import { openNativeEcho } from "./native-echo.js";
import { timeCalls } from "./time-calls.js";
import { openV8Echo } from "./v8-echo.js";

/** What a line of the table measures, while it is open. */
export interface Meter extends Disposable {
  /** Times of `count` measurements with payloads of `size` bytes, in microseconds a call. */
  times(size: number, count: number): ArrayLike<number>;
}

/** A line of the table. */
export interface Line {
  /** The machine that the line is about; a yardstick without a machine belongs to that which it is for. */
  readonly machine: MachineName;
  /** The machine as the table names it. */
  readonly label: string;
  readonly name: string;
  readonly meaning: string;
  open(module: Uint8Array): Promise<Meter>;
}

/** On `soft` a call is shorter than a clock reading is exact, so so many are timed as one. */
export const SOFT_BLOCK = 32;

const TWO_WALLS = "echo as WebAssembly: two walls";
const CLEAN_SLATE = "the same, and everything put back";

/** All lines, in the table's order. */
export const LINES: readonly Line[] = [
  {
    machine: "kvm",
    label: "kvm",
    name: "floor",
    meaning: "the machine's own round trip, no work",
    open: async () => floorMeter(),
  },
  {
    machine: "kvm",
    label: "kvm",
    name: "native image",
    meaning: "echo as native code: one wall",
    open: async () => echoMeter(openNativeEcho(openKvmDriver()), 1),
  },
  {
    machine: "kvm",
    label: "kvm",
    name: "session call",
    meaning: TWO_WALLS,
    open: async (module) => echoMeter(await openSession(module, "kvm"), 1),
  },
  {
    machine: "kvm",
    label: "kvm",
    name: "clean slate",
    meaning: CLEAN_SLATE,
    open: async (module) => echoMeter(await openCleanSlate(module, "kvm"), 1),
  },
  {
    machine: "soft",
    label: "V8",
    name: "alone",
    meaning: "the same guest in Node's engine: one wall",
    open: async (module) => echoMeter(openV8Echo(module), SOFT_BLOCK),
  },
  {
    machine: "soft",
    label: "soft",
    name: "session call",
    meaning: TWO_WALLS,
    open: async (module) => echoMeter(await openSession(module, "soft"), SOFT_BLOCK),
  },
  {
    machine: "soft",
    label: "soft",
    name: "clean slate",
    meaning: CLEAN_SLATE,
    open: async (module) => echoMeter(await openCleanSlate(module, "soft"), SOFT_BLOCK),
  },
];

function echoMeter(echo: Echo, block: number): Meter {
  return {
    times: (size, count) => timeCalls(echo, size, count, block),
    [Symbol.dispose]: () => echo[Symbol.dispose](),
  };
}

function floorMeter(): Meter {
  return {
    times: (_size, count) => measureFloor(count).map((nanoseconds) => nanoseconds / 1000),
    [Symbol.dispose]: () => undefined,
  };
}
