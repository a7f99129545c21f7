import type { Command } from "commander";
import type { BenchFlags } from "../commands/bench.js";
import { subcommand } from "./options.js";

/** Adds `twinwall bench envoy-echo`. */
export function addBench(benches: Command, action: (flags: BenchFlags) => Promise<void>): void {
  subcommand(benches, "envoy-echo", "compare ways through a real Envoy: latencies of echoes")
    .option("--json <file>", "write all numbers")
    .option("--svg <file>", "write a plot")
    .option("--markdown <file>", "write the table")
    .option("--paths <names>", "only these ways, separated by commas")
    .option("--quick", "a short run, for a first look")
    .action(action);
}
