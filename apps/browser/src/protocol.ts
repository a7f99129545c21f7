import {
  type ErrorCode,
  type FunctionInfo,
  type LimitOptions,
  TwinwallError,
  type WasmFrame,
} from "@twinwall/sandbox";
import type { CallResult } from "./text.js";

/** A `TwinwallError` as it can be sent. */
export interface Failure {
  readonly code: ErrorCode;
  /** Without the code. */
  readonly message: string;
  readonly backtrace: readonly WasmFrame[];
}

/** A module that is ready. */
export interface Opened {
  /** Those that the page can call. */
  readonly functions: readonly FunctionInfo[];
  /** What making it took, or why there is nothing to call. */
  readonly note: string;
}

/** Calls that the page wants. */
export interface CallOrder {
  readonly name: string;
  /** As it stands in its field. */
  readonly input: string;
  /** How often. */
  readonly count: number;
}

/** What a row of calls came to. */
export interface CallReport {
  /** Of the last call. */
  readonly result: CallResult;
  /** Milliseconds of each call, the way to its Worker and back included. */
  readonly latencies: readonly number[];
  /** Of the last call; `undefined` where it is not counted. */
  readonly fuel: bigint | undefined;
  /** Bytes of memories and tables after the last call. */
  readonly memoryBytes: number;
}

/** An order to the Worker. */
export type Order =
  | { readonly what: "open"; readonly module: Uint8Array; readonly limits: LimitOptions }
  | { readonly what: "call"; readonly call: CallOrder };

/** What the Worker answers to an order. */
export type Answer =
  | { readonly what: "opened"; readonly opened: Opened }
  /** Calls that ended well so far: there is more to come. */
  | { readonly what: "progress"; readonly calls: number }
  | { readonly what: "called"; readonly report: CallReport }
  | { readonly what: "failed"; readonly failure: Failure };

/** What the Worker is told. */
export type ToWorker = { readonly id: number; readonly order: Order } | "stop";

/** What the Worker tells: answers, by the number of their order. */
export interface ToPage {
  readonly id: number;
  readonly answer: Answer;
}

/** What is told of an error. */
export function failureOf(error: unknown): Failure {
  const { code, rawMessage, backtrace } = TwinwallError.from(error);
  return { code, message: rawMessage, backtrace };
}

/** The error that was told. */
export function errorOf({ code, message, backtrace }: Failure): TwinwallError {
  return new TwinwallError(code, message, { backtrace });
}
