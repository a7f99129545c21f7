import { TwinwallError } from "@twinwall/abi";
import { CommanderError } from "commander";
import { describe, ExitStatus, exitStatusOf } from "./failure.js";
import { createProgram } from "./program/program.js";

/**
 * Runs one command line (without `node` and the script's name) and returns the exit status of the process: the
 * program's own, 0, 2 for a wrong command line, or 3 when the module or the call failed.
 */
export async function main(words: readonly string[]): Promise<number> {
  const split = words.indexOf("--");
  const own = split < 0 ? words : words.slice(0, split);
  const argv = split < 0 ? [] : words.slice(split + 1);
  const { program, exitStatus } = createProgram(argv);
  try {
    await program.parseAsync(own, { from: "user" });
    return exitStatus();
  } catch (error) {
    return report(error, own.includes("--debug"));
  }
}

/** One clear line; the stack only when it was asked for. */
function report(error: unknown, debug: boolean): number {
  const status = exitStatusOf(error);
  const silent = status === ExitStatus.Success || status === ExitStatus.ClosedStream;
  if (!silent) process.stderr.write(`twinwall: ${debug ? stackOf(error) : messageOf(error)}\n`);
  return status;
}

function messageOf(error: unknown): string {
  if (!(error instanceof CommanderError)) return describe(error);
  if (error.code === "commander.help") return "name a command; `twinwall --help` lists them";
  return describe(new Error(error.message.replace(/^error: /, "").replaceAll("\n", " ")));
}

function stackOf(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const frames = error instanceof TwinwallError ? error.formatBacktrace() : "";
  const guest = frames === "" ? "" : `\nWebAssembly frames:\n${frames}`;
  const cause =
    error instanceof Error && error.cause !== undefined ? `\ncaused by: ${stackOf(error.cause)}` : "";
  return stack + guest + cause;
}
