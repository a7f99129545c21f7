import type { MachineName } from "@twinwall/abi";

/** What the Worker is told. */
export type WorkerMessage = WorkerStart | WorkerRequest;

/** A job. */
export type WorkerRequest = CompileRequest | DescribeRequest;

/** The first message. */
export interface WorkerStart {
  readonly kind: "start";
  /**
   * The compiler. All Workers are given the same module, and with it the engine's code for it, which is slow to come
   * by: a Worker that replaces another one is warm.
   */
  readonly compiler: WebAssembly.Module;
}

/** A module to compile; `module` is transferred. */
export interface CompileRequest {
  readonly kind: "compile";
  readonly module: Uint8Array<ArrayBuffer>;
  readonly machine: MachineName;
  readonly fuel: boolean;
  readonly moduleBytes: number;
  readonly artifactBytes: number;
  readonly memoryBytes: number;
}

/** WIT to read. */
export interface DescribeRequest {
  readonly kind: "describe";
  /** Paths and texts. */
  readonly files: readonly (readonly [path: string, text: string])[];
  /** Absent: the only one. */
  readonly world: string | undefined;
  readonly utf16: boolean;
  readonly memoryBytes: number;
}

/** The Worker's answer to a job. */
export type WorkerReply =
  | { readonly kind: "artifact"; readonly bytes: Uint8Array<ArrayBuffer> }
  | {
      readonly kind: "description";
      readonly world: Uint8Array<ArrayBuffer>;
      readonly section: Uint8Array<ArrayBuffer>;
    }
  /** The compiler refused what it was given, by the number of an error code. */
  | { readonly kind: "refused"; readonly code: number; readonly message: string }
  /** The memory limit was reached. */
  | { readonly kind: "memory" }
  /** The compiler's own stack was too short. */
  | { readonly kind: "stack" }
  /** A fault in the compiler. */
  | { readonly kind: "fault"; readonly message: string };
