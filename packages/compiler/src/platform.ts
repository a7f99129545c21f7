import type { MachineName } from "@twinwall/abi";
import type { CompilerDescription } from "./description.js";
import type { Backend } from "./job.js";
import type { CompilerOptions } from "./options.js";
import type { WorkerMessage, WorkerReply } from "./worker-protocol.js";

/**
 * What differs between Node and browsers. The manifest's `imports` choose which file `#platform` is: `node/platform.ts`
 * or `browser/platform.ts`; nothing else in this package may ask where it runs.
 */
export interface Platform {
  /** The machines that code can run on here: those that `prepare` warms the compiler for. */
  readonly machines: readonly MachineName[];
  /**
   * Reads what the build wrote down about the compiler.
   *
   * @throws TwinwallError `E_INTERNAL` when the package was not built.
   */
  readDescription(): CompilerDescription;
  /** Calls back in so many milliseconds, which keeps no process alive; returns what stops that. */
  later(milliseconds: number, due: () => void): () => void;
  /** SHA-256, 32 bytes; off the calling thread where that can be had. */
  sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array>;
  /** The same at once, for what must not be asynchronous. */
  sha256Sync(bytes: Uint8Array): Uint8Array;
  /**
   * Begins to read a file of the compiler. Where it may be compiled while it arrives, that is a response.
   *
   * @throws Whatever is wrong with the address, or with what is there.
   */
  readFile(address: URL | string): Promise<Response | Uint8Array<ArrayBuffer>>;
  /**
   * The cache that the options ask for; `undefined`: none.
   *
   * @throws TwinwallError `E_OPTION` for what cannot be here.
   */
  openCache(options: CompilerOptions): ArtifactStore | undefined;
  /**
   * The native compiler that the options ask for; `undefined`: none.
   *
   * @throws TwinwallError `E_OPTION` for what cannot be here.
   */
  findNativeBackend(options: CompilerOptions): Backend | undefined;
  /** Starts a Worker that serves jobs, see `worker-service.ts`. It does not keep the process alive until held. */
  startWorker(events: WorkerEvents): WorkerHandle;
}

/** Compiled modules that outlive the process or page. */
export interface ArtifactStore {
  /** The entry of `key`, checked against its digest; `undefined` where there is none. */
  read(key: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Stores an entry and makes room for it. Where that cannot be, the store lacks the entry. */
  write(key: string, payload: Uint8Array<ArrayBuffer>): Promise<void>;
}

/** What a Worker does by itself. */
export interface WorkerEvents {
  reply(reply: WorkerReply): void;
  /** It died, or will not answer any more; `error` says why, if anything does. It may be told more than once. */
  ended(error: unknown): void;
}

/** A Worker that runs. */
export interface WorkerHandle {
  /** Sends a message, in order. */
  post(message: WorkerMessage, transfer: ArrayBuffer[]): void;
  /** Keeps the process alive for it, or no longer. Means nothing in a browser. */
  hold(held: boolean): void;
  /** Ends it at once, whatever it is doing. */
  end(): Promise<void>;
}
