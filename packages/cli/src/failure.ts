import { type ErrorCode, showText, TwinwallError, type WasmFrame } from "@twinwall/abi";
import { CommanderError } from "commander";
import { ClosedStreamError } from "./streams.js";

/** Process exit status. */
export const ExitStatus = {
  Success: 0,
  /** The command line itself is wrong. */
  Usage: 2,
  /** The module or the call failed. */
  Failure: 3,
  /** What a shell reports for a program that SIGPIPE ended: the reader of its output has gone. */
  ClosedStream: 141,
} as const;

/** The command line asks for something that does not exist or does not go together. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** An error as a report has it. */
export interface FailureReport {
  readonly code: ErrorCode;
  readonly message: string;
  /** Frames of the WebAssembly stack, innermost first. */
  readonly backtrace: readonly WasmFrame[];
}

/** The exit status that stands for `error`. */
export function exitStatusOf(error: unknown): number {
  if (ClosedStreamError.isCauseOf(error)) return ExitStatus.ClosedStream;
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitStatus.Success : ExitStatus.Usage;
  if (error instanceof UsageError) return ExitStatus.Usage;
  if (error instanceof TwinwallError && error.code === "E_OPTION") return ExitStatus.Usage;
  return ExitStatus.Failure;
}

/** `error` on one line, for a person: text of a guest or a file never reaches the terminal raw. */
export function describe(error: unknown): string {
  return showText(error instanceof Error ? error.message : String(error));
}

/** `error` as a report has it. Errors that are not Twinwall's own are `E_INTERNAL`. */
export function toFailureReport(error: unknown): FailureReport {
  const { code, rawMessage, backtrace } = TwinwallError.from(error);
  return { code, message: showText(rawMessage), backtrace };
}
