import type { SandboxOptions } from "../options.js";
import type { DynamicWorld, WorldTypes } from "../world-types.js";

/** Options of {@link Sandbox.snapshot} and {@link Session.snapshot}. An unknown name is `E_OPTION`. */
export interface SnapshotOptions {
  /**
   * File that the snapshot is written to, in one step and for its owner only (mode 0600); what was there is replaced.
   * Default: none. Not in a browser.
   */
  readonly file?: string;
  /** At least 16 bytes that authenticate the snapshot: whoever does not have them can neither change it nor make another. */
  readonly key?: Uint8Array;
}

/** A snapshot, whole: compiled module, files, and the guest's state. */
export interface SandboxSnapshot {
  /** What {@link Sandbox.from} takes; it can be kept, and posted to a Worker. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Options of {@link Sandbox.from}. Module, files and initialisation are the snapshot's own, and so are the limits `memory` and
 * `resultBytes`: where they are above their defaults, the same must be given, and else they may be left out.
 */
export interface FromOptions<Types extends WorldTypes = DynamicWorld>
  extends Pick<
    SandboxOptions<Types>,
    | "machine"
    | "isolation"
    | "limits"
    | "host"
    | "trustDomain"
    | "recycle"
    | "onStdout"
    | "onStderr"
    | "signal"
  > {
  /** What authenticates it, where something does. */
  readonly key?: Uint8Array;
}
