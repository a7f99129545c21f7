import { parseArgs } from "node:util";
import type { MachineName } from "@twinwall/abi";
import type { Attack } from "./attack.js";

export const usage = `usage: attacks [--tries N] [--only ID,ID...] [--machine kvm|soft|core] [--seed N] [--json FILE] [--list] [--map]

  --tries N      scales every attack; default 10, 1 is a quick look; from 100 on the tests of the core run long too
  --only IDS     these attacks alone
  --machine M    on this machine alone; core: the tests of the Rust core
  --seed N       another seed for what is random; default 1
  --json FILE    writes the results there too
  --list         says what attacks there are
  --map          prints the guarantees, and what stands behind each, as Markdown`;

/** A mistake in how the command was called. */
export class UsageError extends Error {}

/** What is asked for. */
export interface Options {
  readonly tries: number;
  readonly attacks: readonly Attack[];
  readonly machines: readonly (MachineName | "core")[];
  readonly seed: number;
  readonly json: string | undefined;
  readonly print: "list" | "map" | undefined;
}

const everything = ["kvm", "soft", "core"] as const;

/** Reads the command line. */
export function parseOptions(words: readonly string[], attacks: readonly Attack[]): Options {
  const { values } = read(words[0] === "--" ? words.slice(1) : words);
  const machine = everything.find((name) => name === values.machine);
  if (values.machine !== undefined && machine === undefined)
    throw new UsageError(`there is no machine ${values.machine}; there are kvm, soft, core`);
  return {
    tries: wholeNumber("--tries", values.tries, 10),
    attacks: values.only === undefined ? attacks : values.only.split(",").map((id) => find(id, attacks)),
    machines: machine === undefined ? everything : [machine],
    seed: wholeNumber("--seed", values.seed, 1),
    json: values.json,
    print: values.list ? "list" : values.map ? "map" : undefined,
  };
}

function read(words: readonly string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  try {
    return parseArgs({
      args: [...words],
      options: { tries: text, only: text, machine: text, seed: text, json: text, list: flag, map: flag },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumber(option: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 1_000_000)
    throw new UsageError(`${option} takes a whole number from 1 to 1000000, not ${text}`);
  return number;
}

function find(id: string, attacks: readonly Attack[]): Attack {
  const attack = attacks.find((one) => one.id === id);
  if (attack === undefined) throw new UsageError(`there is no attack ${id}; see --list`);
  return attack;
}
