/**
 * Run untrusted WebAssembly functions inside micro-VMs.
 *
 * {@link Sandbox} is where to start; {@link hostFunction} and {@link t} declare what a guest may call.
 *
 * @module
 */

export {
  type Duration,
  type ErrorCode,
  type LimitOptions,
  type MachineName,
  type ScalarValue,
  type Size,
  TwinwallError,
  t,
  type ValueOf,
  type ValueType,
  type WasmFrame,
} from "@twinwall/abi";
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
  RunOptions,
  RunResult,
  SandboxOptions,
  SandboxStats,
} from "./options.js";
export { Sandbox } from "./sandbox.js";
export { Session } from "./session.js";
