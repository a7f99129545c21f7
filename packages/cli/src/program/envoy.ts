import { type Command, Option } from "commander";
import type { EnvoyConfigFlags } from "../commands/envoy-config.js";
import type { EnvoyServeFlags } from "../commands/envoy-serve.js";
import { append, machineOption, parseFuel, parseWhole, subcommand } from "./options.js";

/** Adds `twinwall envoy config`. */
export function addEnvoyConfig(envoy: Command, action: (flags: EnvoyConfigFlags) => Promise<void>): void {
  const command = subcommand(envoy, "config", "print a configuration of Envoy, as YAML")
    .option("--in-process", "the guest runs in Envoy's own process, in a dynamic module")
    .option("--ext-proc", "the guest runs in a service, which `twinwall envoy serve` starts")
    .option("--listen <host:port>", "where Envoy listens, an address")
    .option("--upstream <host:port>", "where connections go (default: back to the client)")
    .option("--service <address>", "where the service listens: unix:PATH or HOST:PORT; with --ext-proc")
    .option(
      "--admin <host:port>",
      "where Envoy's administration listens, a loopback address (default: nowhere)",
    )
    .option("--workers <n>", "Envoy's worker threads, for the command line in the first comment", parseWhole)
    .option("--filter-only", "print only the filter, and the cluster it needs, for an existing configuration")
    .option("-o, --output <file>", "write to this file instead")
    .option("--module <file>", "the guest: a .cwasm for kvm, or a native image; with --ext-proc a .wasm too");
  addGuestOptions(command)
    .addOption(
      new Option(
        "--placement <placement>",
        "in process: on Envoy's worker, or on a thread of each machine (default: inline)",
      ).choices(["inline", "thread"]),
    )
    .option("--terminal", "in process: no filter behind this one; needs --directions read")
    .action(action);
}

/** Adds `twinwall envoy serve`. */
export function addEnvoyServe(envoy: Command, action: (flags: EnvoyServeFlags) => Promise<void>): void {
  const command = subcommand(envoy, "serve", "run the service that a configuration with --ext-proc names")
    .requiredOption("--module <file>", "the guest: a .wasm, or a .cwasm made by `twinwall compile`")
    .requiredOption("--listen <address>", "where to listen for Envoy: unix:PATH or HOST:PORT")
    .option("--metrics <host:port>", "where to serve /metrics and /healthz (default: nowhere)")
    .option(
      "--drain <time>",
      'on SIGTERM or SIGINT, how long open connections have: digits with us, ms or s, or "none"',
      "5s",
    )
    .addOption(machineOption());
  addGuestOptions(command).action(action);
}

/** What is said about the guest, wherever it runs. */
function addGuestOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--state <state>",
        "each chunk of data starts anew, or each connection (default: call)",
      ).choices(["call", "connection"]),
    )
    .addOption(
      new Option(
        "--directions <directions>",
        "what the guest sees; read: from client to upstream (default: both)",
      ).choices(["both", "read", "write"]),
    )
    .option("--memory <size>", "cap on the guest's memory: digits with B, KiB, MiB or GiB (default: 64MiB)")
    .option("--deadline <time>", "longest time of a call: digits with us, ms or s (default: 50ms)")
    .option(
      "--fuel <n>",
      "fuel of a call, one unit for a cheap instruction (default: not limited)",
      parseFuel,
    )
    .option("--counter <name>", "a counter that the guest may add to; may be repeated", append, [])
    .option("--init <text>", "given to the guest's twinwall_init")
    .option("--warm <n>", "machines made ahead (default: 1)", parseWhole)
    .option("--machines <n>", "most machines, per worker in process (default: 1024)", parseWhole);
}
