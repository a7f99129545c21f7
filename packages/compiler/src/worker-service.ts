/**
 * What a Worker does, wherever it runs. It keeps the compiler's code warm, but gives each job an instance of its own:
 * memory, globals and tables of one compilation are gone before the next begins.
 *
 * @module
 */

import { __wbg_reset_state, compile, initSync, last_words } from "../artifacts/compiler.js";
import type { WorkerMessage, WorkerReply, WorkerRequest } from "./worker-protocol.js";

/** Sends a reply to the Worker's keeper. */
type Send = (reply: WorkerReply, transfer: ArrayBuffer[]) => void;

/** Does what a message asks for. */
export function serve(message: WorkerMessage, send: Send): void {
  if (message.kind === "start") {
    initSync({ module: message.compiler });
    return;
  }
  const reply = answer(message);
  send(reply, reply.kind === "artifact" ? [reply.bytes.buffer] : []);
  // Only now: the caller need not wait for it.
  __wbg_reset_state();
}

function answer(request: WorkerRequest): WorkerReply {
  try {
    const outcome = compile(
      request.module,
      request.machine,
      request.fuel,
      request.moduleBytes,
      request.artifactBytes,
      request.memoryBytes,
    );
    return outcome.code === 0
      ? // The binding hands out a copy, in a buffer of its own.
        { kind: "artifact", bytes: outcome.take_artifact() as Uint8Array<ArrayBuffer> }
      : { kind: "refused", code: outcome.code, message: outcome.message };
  } catch (error) {
    return explain(error);
  }
}

/** Why the instance ended. It cannot compile any more, but it still answers. */
function explain(error: unknown): WorkerReply {
  if (isStackOverflow(error)) return { kind: "stack" };
  const words = last_words();
  if (words === "memory") return { kind: "memory" };
  return { kind: "fault", message: words === "" ? String(error) : words };
}

function isStackOverflow(error: unknown): boolean {
  // Firefox has a class of its own for it, which other engines lack.
  return error instanceof RangeError || (error instanceof Error && error.name === "InternalError");
}
