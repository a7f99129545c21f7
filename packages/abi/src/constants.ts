import { MachineKind } from "./generated/twinwall/abi/machine-kind.js";

export { CallKind } from "./generated/twinwall/abi/call-kind.js";
export { GateOperation } from "./generated/twinwall/abi/gate-operation.js";
export { RecordKind } from "./generated/twinwall/abi/record-kind.js";

/** Version of the guest ABI. Host and image must agree exactly. */
export const ABI_VERSION = 3;

/** First field of a request: `TWMB` read as a little-endian number. */
export const MAILBOX_MAGIC = 0x424d_5754;

/** Version of the `.cwasm` format. */
export const ARTIFACT_FORMAT = 3;

/** A kind of outer wall. */
export type MachineName = "kvm" | "soft";

/** All machines. */
export const machineNames: readonly MachineName[] = Object.freeze(["kvm", "soft"]);

/** Name of a machine's number on the wire; `undefined` for an unknown number. */
export function machineNameOf(number: number): MachineName | undefined {
  if (number === MachineKind.Kvm) return "kvm";
  return number === MachineKind.Soft ? "soft" : undefined;
}
