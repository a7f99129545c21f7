/**
 * The machine: what is inside the outer wall, whatever the wall is made of.
 *
 * @module
 */

export { type FailureContext, failureToError } from "./failure.js";
export { bootLimits, callLimits, commandLimits } from "./limits.js";
export {
  type AsyncCall,
  type AsyncHostCallHandler,
  type AsyncReply,
  type BootRequest,
  CallFlag,
  type Driver,
  type Failure,
  type GuestState,
  type HostCallHandler,
  type Isolation,
  type LoadRequest,
  type Machine,
  type MachineLimits,
  type MachineStats,
  type RecordHandler,
  type RestoreStrategy,
  type Snapshot,
  type StateRun,
} from "./machine.js";
