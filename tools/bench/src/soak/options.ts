import { parseArgs } from "node:util";
import type { MachineName } from "@twinwall/sandbox";

/** What the command line asked for. */
export interface SoakOptions {
  /** Calls on each machine. */
  readonly calls: number;
  /** Sandboxes made and closed on each machine. */
  readonly creations: number;
  /** Sandboxes that are alive at once. */
  readonly live: number;
  /** The machine; `undefined`: each that is here. */
  readonly machine: MachineName | undefined;
  /** Where to write everything as JSON. */
  readonly json: string | undefined;
}

/** What is done where nothing is said. */
export const DEFAULTS = { calls: 1_000_000, creations: 10_000, live: 1_000 } as const;

/** Shown for `--help`. */
export const SOAK_USAGE = `usage: pnpm bench soak [--calls N] [--creations N] [--live N] [--machine kvm|soft] [--json FILE]

Uses machines for long, good calls and failing ones by turns, and fails (exit status 1) when descriptors, mappings, threads
or resident memory become more.
  --calls N       calls on each machine (${DEFAULTS.calls.toLocaleString("en-US")}), and a sixth as many on Workers beside each other
  --creations N   sandboxes made and closed on each (${DEFAULTS.creations.toLocaleString("en-US")})
  --live N        sandboxes alive at once (${DEFAULTS.live.toLocaleString("en-US")})
  --machine NAME  only this machine
  --json FILE     everything as JSON
`;

/** Reads the command line; `"help"` when that is asked for. Throws `TypeError` for anything that it does not know. */
export function parseSoakOptions(words: readonly string[]): SoakOptions | "help" {
  const { values } = parseArgs({
    // A package manager hands the dashes on.
    args: words.filter((word) => word !== "--"),
    options: {
      calls: { type: "string" },
      creations: { type: "string" },
      live: { type: "string" },
      machine: { type: "string" },
      json: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  return {
    calls: count("--calls", values.calls, DEFAULTS.calls, 1_000),
    creations: count("--creations", values.creations, DEFAULTS.creations, 40),
    live: count("--live", values.live, DEFAULTS.live, 1),
    machine: machine(values.machine),
    json: values.json,
  };
}

/** Fewer than `least` would say nothing. */
function count(name: string, text: string | undefined, fallback: number, least: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw new TypeError(`${name}: "${text}" is no whole number from ${least} on`);
}

function machine(name: string | undefined): MachineName | undefined {
  if (name === undefined || name === "kvm" || name === "soft") return name;
  throw new TypeError(`--machine: there is no "${name}"; there are kvm and soft`);
}
