/**
 * The same as the full entry, but it loads neither the image of the soft machine nor the compiler by itself: call
 * {@link provideImage} first, and give `Sandbox.create` a `compiler`.
 *
 * @module
 */

export {
  type CallCodec,
  type Codec,
  codecPair,
  type Duration,
  type ErrorCode,
  isResultError,
  type LimitOptions,
  type MachineName,
  type ResultError,
  resultError,
  type ScalarValue,
  type Size,
  TwinwallError,
  t,
  type ValueOf,
  type ValueType,
  type WasmFrame,
} from "@twinwall/abi";
export { provideImage } from "@twinwall/runtime/slim";
export type { Isolation } from "@twinwall/vmm";
export { type CodecHostOptions, hostFunctionWith } from "./codec-calls.js";
export {
  type HostArguments,
  type HostFunction,
  type HostFunctionDeclaration,
  type HostResult,
  hostFunction,
} from "./host-function.js";
export type {
  CallOptions,
  FunctionInfo,
  HostImport,
  RunOptions,
  RunResult,
  SandboxOptions,
  SandboxStats,
} from "./options.js";
export { PoolBudget, type PoolBudgetOptions, type PoolBudgetStats } from "./pool/budget.js";
export type { PoolOptions } from "./pool/options.js";
export { Pool } from "./pool/pool.js";
export { PooledSandbox } from "./pool/pooled-sandbox.js";
export type { PoolStats, RetireReason } from "./pool/stats.js";
export { Sandbox } from "./sandbox.js";
export { Session } from "./session.js";
export type { FromOptions, SandboxSnapshot, SnapshotOptions } from "./snapshot/options.js";
export type { ArgumentsOf, DynamicWorld, FunctionName, ResultOf, WorldTypes } from "./world-types.js";
