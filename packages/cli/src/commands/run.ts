import { basename } from "node:path";
import { type LimitOptions, type MachineName, type ScalarKind, showName, TwinwallError } from "@twinwall/abi";
import { type FunctionInfo, Sandbox } from "@twinwall/sandbox";
import { ExitStatus, exitStatusOf, UsageError } from "../failure.js";
import { readFileTree } from "../file-tree.js";
import { readNamedFile } from "../files.js";
import { type Outcome, RunReport } from "../run-report.js";
import { readStandardInput } from "../streams.js";
import { parseArguments, toJson, toScalars, toTyped } from "../values.js";

/** Options of `twinwall run`, as they were typed. */
export interface RunFlags {
  readonly call?: string;
  readonly data?: string;
  readonly args?: string;
  /** Not given: what TWINWALL_MACHINE says, else `"auto"`. */
  readonly machine?: MachineName | "auto";
  readonly memory?: string;
  readonly deadline: string;
  readonly fuel?: bigint;
  readonly dir: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly json?: boolean;
}

/** Largest result of a call, bytes: the command line has no callers to protect from a long one. */
const RESULT_BYTES = "256MiB";

/** Runs a module once and returns the exit status of the process. */
export async function run(path: string, flags: RunFlags, argv: readonly string[]): Promise<number> {
  checkCombination(flags, argv);
  const report = new RunReport(flags.json === true);
  try {
    report.finish(await runModule(path, flags, argv, report));
  } catch (error) {
    if (!flags.json || exitStatusOf(error) !== ExitStatus.Failure) throw error;
    report.fail(error);
  }
  return report.exitStatus;
}

/** What belongs to a call and what belongs to a command is not mixed. */
function checkCombination(flags: RunFlags, argv: readonly string[]): void {
  const { call, data, args, env } = flags;
  if (data !== undefined && args !== undefined) throw new UsageError("--data and --args do not go together");
  if (call === undefined) {
    if (data !== undefined || args !== undefined) throw new UsageError("--data and --args need --call FN");
  } else if (argv.length > 0 || Object.keys(env).length > 0) {
    throw new UsageError("--env and arguments behind -- are for a WASI command; they do not go with --call");
  }
  if (args !== undefined) parseArguments(args);
}

async function runModule(
  path: string,
  flags: RunFlags,
  argv: readonly string[],
  report: RunReport,
): Promise<Outcome> {
  const module = await readNamedFile(path);
  const files = await readFileTree(flags.dir);
  const sandbox = await Sandbox.create({
    module,
    ...(flags.machine === undefined ? {} : { machine: flags.machine }),
    limits: limitsOf(flags),
    files,
    onStdout: (chunk) => report.log("stdout", chunk),
    onStderr: (chunk) => report.log("stderr", chunk),
  });
  report.sandbox = sandbox;
  try {
    if (flags.call !== undefined) return await callFunction(sandbox, flags.call, flags, report);
    return await runCommand(sandbox, path, module, flags, argv, report);
  } finally {
    report.readStats();
    sandbox.close();
  }
}

function limitsOf({ memory, deadline, fuel }: RunFlags): LimitOptions {
  return {
    // Text that is no size or time is for `Sandbox.create` to refuse, by name.
    ...(memory === undefined ? {} : { memory: memory as NonNullable<LimitOptions["memory"]> }),
    deadline: deadline as NonNullable<LimitOptions["deadline"]>,
    ...(fuel === undefined ? {} : { fuel }),
    resultBytes: RESULT_BYTES,
    logBytes: RESULT_BYTES,
  };
}

async function callFunction(
  sandbox: Sandbox,
  name: string,
  flags: RunFlags,
  report: RunReport,
): Promise<Outcome> {
  const { functions } = sandbox;
  // Names of a component's functions may be short; it is the sandbox that knows which one is meant.
  if (functions.some(({ typed }) => typed)) {
    if (flags.data !== undefined)
      throw new UsageError("--data is for functions on bytes; a component's take --args");
    const values = parseArguments(flags.args ?? "[]").map(toTyped);
    return { result: toJson(report.time(() => sandbox.call(name, ...values))) };
  }
  const info = functions.find((candidate) => candidate.name === name);
  if (info === undefined) throw noFunction(name, functions);
  if (flags.data !== undefined || (flags.args === undefined && info.bytes)) {
    const input = await readData(flags.data ?? "");
    return { bytes: report.time(() => sandbox.callBytes(name, input)) };
  }
  const scalars = toScalars(
    parseArguments(flags.args ?? "[]"),
    info.parameters as readonly ScalarKind[],
    name,
  );
  return { result: toJson(report.time(() => sandbox.call(name, ...scalars))) };
}

/** `@FILE` is the file's bytes, anything else the text itself as UTF-8. */
async function readData(data: string): Promise<Uint8Array> {
  return data.startsWith("@") ? await readNamedFile(data.slice(1)) : new TextEncoder().encode(data);
}

async function runCommand(
  sandbox: Sandbox,
  path: string,
  module: Uint8Array,
  { env }: RunFlags,
  args: readonly string[],
  report: RunReport,
): Promise<Outcome> {
  if (!sandbox.command) throw noCommand(sandbox.functions);
  const stdin = readsInput(module) ? await readStandardInput() : new Uint8Array();
  const streams = {
    onStdout: (chunk: Uint8Array) => report.output("stdout", chunk),
    onStderr: (chunk: Uint8Array) => report.output("stderr", chunk),
  };
  const { exitCode } = await report.timeAsync(() =>
    sandbox.run({ args, name: basename(path), env, stdin, ...streams }),
  );
  return { exitCode };
}

/** A program without WASI's `fd_read`, or a component without its stdin, is not made to wait for input that it cannot read. */
function readsInput(module: Uint8Array): boolean {
  const bytes = Buffer.from(module.buffer, module.byteOffset, module.byteLength);
  return bytes.includes("fd_read") || bytes.includes("wasi:cli/stdin");
}

function noFunction(name: string, functions: readonly FunctionInfo[]): TwinwallError {
  return new TwinwallError(
    "E_NO_FUNCTION",
    `the module exports no function ${showName(name)}${listOf(functions)}`,
  );
}

function noCommand(functions: readonly FunctionInfo[]): TwinwallError {
  return new TwinwallError(
    "E_NO_FUNCTION",
    `the module exports no _start (a component: no wasi:cli/run), so it is no WASI command; name a function with --call${listOf(functions)}`,
  );
}

/** The first few functions of a module, for a message. */
function listOf(functions: readonly FunctionInfo[]): string {
  if (functions.length === 0) return "; it exports none";
  const shown = functions.slice(0, 8).map(({ name }) => showName(name));
  return `; it has ${shown.join(", ")}${functions.length > shown.length ? ", …" : ""}`;
}
