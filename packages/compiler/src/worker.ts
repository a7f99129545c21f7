/**
 * The Worker that compiles. It keeps the compiler's code warm, but gives each job an instance of its own: memory,
 * globals and tables of one compilation are gone before the next begins.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import type { WorkerReply, WorkerRequest, WorkerStart } from "./worker-protocol.js";

/** The generated binding; see `rust/wasm`. */
interface Glue {
  initSync(input: { module: Uint8Array }): unknown;
  /** Replaces the instance by a new one. */
  __wbg_reset_state(): void;
  compile(
    module: Uint8Array,
    machine: string,
    fuel: boolean,
    moduleBytes: number,
    artifactBytes: number,
    memoryBytes: number,
  ): Outcome;
  last_words(): string;
}

interface Outcome {
  readonly code: number;
  readonly message: string;
  take_artifact(): Uint8Array<ArrayBuffer>;
}

const start = workerData as WorkerStart;
const glue = (await import(start.glue)) as Glue;
glue.initSync({ module: readFileSync(start.wasm) });

parentPort?.on("message", (request: WorkerRequest) => {
  const reply = answer(request);
  parentPort?.postMessage(reply, reply.kind === "artifact" ? [reply.bytes.buffer] : []);
  // Only now: the caller need not wait for it.
  glue.__wbg_reset_state();
});

function answer(request: WorkerRequest): WorkerReply {
  try {
    const outcome = glue.compile(
      request.module,
      request.machine,
      request.fuel,
      request.moduleBytes,
      request.artifactBytes,
      request.memoryBytes,
    );
    return outcome.code === 0
      ? { kind: "artifact", bytes: outcome.take_artifact() }
      : { kind: "refused", code: outcome.code, message: outcome.message };
  } catch (error) {
    return explain(error);
  }
}

/** Why the instance ended. It cannot compile any more, but it still answers. */
function explain(error: unknown): WorkerReply {
  if (error instanceof RangeError) return { kind: "stack" };
  const words = glue.last_words();
  if (words === "memory") return { kind: "memory" };
  return { kind: "fault", message: words === "" ? String(error) : words };
}
