import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { bench } from "../commands/bench.js";
import { bindgen } from "../commands/bindgen.js";
import { compile } from "../commands/compile.js";
import { doctor } from "../commands/doctor.js";
import type { EnvoyConfigFlags } from "../commands/envoy-config.js";
import type { EnvoyServeFlags } from "../commands/envoy-serve.js";
import { inspect } from "../commands/inspect.js";
import { type RunFlags, run } from "../commands/run.js";
import { UsageError } from "../failure.js";
import { addBench } from "./bench.js";
import { addEnvoyConfig, addEnvoyServe } from "./envoy.js";
import { append, machineOption, parseFuel, subcommand } from "./options.js";

/** What the command line came to. */
export interface Invocation {
  readonly program: Command;
  /** Exit status of the command that ran. */
  exitStatus(): number;
}

/** The command `twinwall`; `argv` is what stood behind `--`. */
export function createProgram(argv: readonly string[]): Invocation {
  let exitStatus = 0;
  const program = new Command("twinwall")
    .description("Run WebAssembly functions and programs inside micro-VMs, or without KVM")
    .version(readVersion())
    .option("--debug", "show the stack of an error")
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined, outputError: () => undefined });
  const finish =
    <Values extends unknown[]>(action: (...values: Values) => Promise<number>) =>
    async (...values: Values): Promise<void> => {
      exitStatus = await action(...values);
    };
  addRun(
    program,
    finish((path: string, flags: RunFlags) => run(path, flags, argv)),
  );
  addCompile(program, finish(withoutTail(argv, compile)));
  addInspect(program, finish(withoutTail(argv, inspect)));
  addBindgen(program, finish(withoutTail(argv, bindgen)));
  addDoctor(program, finish(withoutTail(argv, doctor)));
  const envoy = program
    .command("envoy")
    .description("run a module on the connections of an unmodified Envoy");
  addEnvoyConfig(envoy, finish(withoutTail(argv, envoyConfig)));
  addEnvoyServe(envoy, finish(withoutTail(argv, envoyServe)));
  const benches = program.command("bench").description("measure; only in a clone of the repository");
  addBench(benches, finish(withoutTail(argv, bench)));
  return { program, exitStatus: () => exitStatus };
}

function addRun(program: Command, action: (path: string, flags: RunFlags) => Promise<void>): void {
  subcommand(program, "run", "run a WASI command, or call one function of a module")
    .argument("<module>", "a .wasm file, or a .cwasm made by `twinwall compile` (which is trusted code)")
    .usage("[options] <module> [-- ARGV...]")
    .option("--call <function>", "call this exported function instead of _start")
    .option("--data <text|@file>", "input of a bytes function: the text itself, or a file's bytes")
    .option(
      "--args <json>",
      'arguments of a scalar function as a JSON array; i64, NaN and infinities as strings: [1, "2"]',
    )
    .addOption(machineOption())
    .option("--memory <size>", "cap on the guest's memory: digits with B, KiB, MiB or GiB (default: 64MiB)")
    .option("--deadline <time>", 'longest time of the run: digits with us, ms or s, or "none"', "10s")
    .option(
      "--fuel <n>",
      "fuel of the run, one unit for a cheap instruction (default: not limited)",
      parseFuel,
    )
    .option(
      "--dir <guest=host>",
      "show a directory or file to the guest, read-only; may be repeated",
      append,
      [],
    )
    .option(
      "--env <key=value>",
      "set an environment variable of the guest; may be repeated",
      appendVariable,
      {},
    )
    .option("--json", "print one JSON object about the run instead of its output")
    .action(action);
}

function addCompile(
  program: Command,
  action: (path: string, flags: Parameters<typeof compile>[1]) => Promise<void>,
): void {
  subcommand(program, "compile", "compile a module ahead of time")
    .argument("<module>", "a .wasm file")
    .requiredOption("-o, --output <file>", "where to write the .cwasm")
    .addOption(
      new Option("--machine <machine>", "the machine to compile for")
        .choices(["kvm", "soft"])
        .makeOptionMandatory(),
    )
    .option("--fuel", "count fuel, so that `run --fuel` can limit it (code for soft always does)")
    .action(action);
}

function addInspect(
  program: Command,
  action: (path: string, flags: Parameters<typeof inspect>[1]) => Promise<void>,
): void {
  subcommand(program, "inspect", "show what a module is for Twinwall, and what it lacks")
    .argument("<module>", "a .wasm or .cwasm file")
    .option("--json", "print one JSON object")
    .action(action);
}

function addBindgen(
  program: Command,
  action: (path: string, flags: Parameters<typeof bindgen>[1]) => Promise<void>,
): void {
  subcommand(program, "bindgen", "write the TypeScript declarations of a WIT world, or a guest's binding")
    .argument("<wit>", "a .wit file, a folder of them, or a .wasm with a world")
    .option("-o, --output <folder>", "folder to write to", ".")
    .option("--world <name>", "the world, where there are several")
    .addOption(
      new Option(
        "--guest <language>",
        "write what a guest in this language is compiled with instead",
      ).choices(["assemblyscript"]),
    )
    .action(action);
}

function addDoctor(program: Command, action: (flags: Parameters<typeof doctor>[0]) => Promise<void>): void {
  subcommand(program, "doctor", "show which machine there is, what works, and what to do about what does not")
    .option("--json", "print one JSON object")
    .action(action);
}

// Loaded when asked for: what they need would make every other command start later.
async function envoyConfig(flags: EnvoyConfigFlags): Promise<number> {
  const commands = await import("../commands/envoy-config.js");
  return await commands.envoyConfig(flags);
}

async function envoyServe(flags: EnvoyServeFlags): Promise<number> {
  const commands = await import("../commands/envoy-serve.js");
  return await commands.envoyServe(flags);
}

function withoutTail<Values extends unknown[]>(
  argv: readonly string[],
  action: (...values: Values) => Promise<number>,
): (...values: Values) => Promise<number> {
  return async (...values) => {
    if (argv.length > 0) throw new UsageError("only `twinwall run` takes arguments behind --");
    return await action(...values);
  };
}

function appendVariable(text: string, before: Readonly<Record<string, string>>): Record<string, string> {
  const split = text.indexOf("=");
  if (split < 1) throw new InvalidArgumentError("It must be KEY=VALUE.");
  return { ...before, [text.slice(0, split)]: text.slice(split + 1) };
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  const version =
    typeof manifest === "object" && manifest !== null && "version" in manifest ? manifest.version : "";
  return String(version);
}
