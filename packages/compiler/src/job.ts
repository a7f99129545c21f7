import { errorCodeOf, type MachineName, showText, TwinwallError } from "@twinwall/abi";
import type { Bounds } from "./options.js";

/** One compilation. */
export interface Job {
  /** The module; the job owns these bytes. */
  readonly module: Uint8Array<ArrayBuffer>;
  readonly machine: MachineName;
  readonly fuel: boolean;
  readonly bounds: Bounds;
}

/** Something that compiles: the Worker, or the native program. It is given one job at a time. */
export interface Backend {
  /**
   * Compiles and returns the artifact.
   *
   * @throws TwinwallError `E_DEADLINE`, `E_ABORTED`, or why the module was refused.
   */
  compile(job: Job, signal: AbortSignal | undefined): Promise<Uint8Array<ArrayBuffer>>;
  /** Ends whatever runs. A job under way fails with `E_DISPOSED`. */
  close(): Promise<void>;
}

/** The error of a module that the compiler refused. */
export function refused(code: number, message: string): TwinwallError {
  return new TwinwallError(errorCodeOf(code), showText(message, 1000));
}

/** What the compiler is busy with, as errors tell it. */
export type Task = "compiling this module" | "reading this WIT";

/** The error of what needed more memory than it may have. */
export function outOfMemory(bounds: Bounds, task: Task = "compiling this module"): TwinwallError {
  return new TwinwallError(
    "E_LIMIT",
    `${task} needs more than ${bounds.memoryBytes} bytes of memory (option "memory")`,
  );
}

/** The error of a caller that cancelled. */
export function aborted(signal: AbortSignal): TwinwallError {
  return new TwinwallError("E_ABORTED", "the compilation was cancelled", { cause: signal.reason });
}

/**
 * Waits for `work`, but no longer than the deadline and not past an abort; then `stop` is called.
 *
 * @param stop Ends the work, so that it uses no more time.
 */
export async function bounded<Result>(
  work: Promise<Result>,
  bounds: Bounds,
  signal: AbortSignal | undefined,
  stop: () => void,
  task: Task = "compiling this module",
): Promise<Result> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let onAbort: (() => void) | undefined;
  const bound = new Promise<never>((_, reject) => {
    const end = (error: TwinwallError): void => {
      stop();
      reject(error);
    };
    timer = setTimeout(() => {
      end(
        new TwinwallError("E_DEADLINE", `${task} took longer than ${bounds.deadline} ms (option "deadline")`),
      );
    }, bounds.deadline);
    onAbort = () => signal && end(aborted(signal));
    signal?.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([work, bound]);
  } finally {
    clearTimeout(timer);
    if (onAbort) signal?.removeEventListener("abort", onAbort);
    // When the bound came first, nobody waits for the work any more, and it may still fail.
    work.catch(() => undefined);
  }
}
