import type { MachineName } from "@twinwall/abi";
import { type Command, InvalidArgumentError, Option } from "commander";

/** A command of its own below `parent`. */
export function subcommand(parent: Command, name: string, description: string): Command {
  return parent
    .command(name)
    .description(description)
    .allowExcessArguments(false)
    .option("--debug", "show the stack of an error");
}

/** `--machine auto|kvm|soft`. */
export function machineOption(): Option {
  const machines: readonly (MachineName | "auto")[] = ["auto", "kvm", "soft"];
  return new Option("--machine <machine>", "the outer wall (default: TWINWALL_MACHINE, else auto)").choices(
    machines,
  );
}

/** Parser of an amount of fuel. */
export function parseFuel(text: string): bigint {
  if (!/^\d{1,20}$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return BigInt(text);
}

/** Parser of a count. */
export function parseWhole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}

/** Collects an option that may be repeated. */
export function append(value: string, before: readonly string[]): string[] {
  return [...before, value];
}
