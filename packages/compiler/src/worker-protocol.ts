import type { MachineName } from "@twinwall/abi";

/** What the Worker is started with. */
export interface WorkerStart {
  /** Address of the generated binding. */
  readonly glue: string;
  /** Path of the compiler's WebAssembly module. */
  readonly wasm: string;
}

/** A job as it goes to the Worker; `module` is transferred. */
export interface WorkerRequest {
  readonly module: Uint8Array<ArrayBuffer>;
  readonly machine: MachineName;
  readonly fuel: boolean;
  readonly moduleBytes: number;
  readonly artifactBytes: number;
  readonly memoryBytes: number;
}

/** The Worker's answer. */
export type WorkerReply =
  | { readonly kind: "artifact"; readonly bytes: Uint8Array<ArrayBuffer> }
  /** The compiler refused the module, by the number of an error code. */
  | { readonly kind: "refused"; readonly code: number; readonly message: string }
  /** The memory limit was reached. */
  | { readonly kind: "memory" }
  /** The compiler's own stack was too short. */
  | { readonly kind: "stack" }
  /** A fault in the compiler. */
  | { readonly kind: "fault"; readonly message: string };
