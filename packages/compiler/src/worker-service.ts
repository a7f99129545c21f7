/**
 * What a Worker does, wherever it runs. It keeps the compiler's code warm, but gives each job an instance of its own:
 * memory, globals and tables of one job are gone before the next begins.
 *
 * @module
 */

import { __wbg_reset_state, compile, initSync, last_words, WitFiles } from "../artifacts/compiler.js";
import type {
  CompileRequest,
  DescribeRequest,
  WorkerMessage,
  WorkerReply,
  WorkerRequest,
} from "./worker-protocol.js";

/** Sends a reply to the Worker's keeper. */
type Send = (reply: WorkerReply, transfer: ArrayBuffer[]) => void;

/** Does what a message asks for. */
export function serve(message: WorkerMessage, send: Send): void {
  if (message.kind === "start") {
    initSync({ module: message.compiler });
    return;
  }
  const reply = answer(message);
  send(reply, buffers(reply));
  // Only now: the caller need not wait for it.
  __wbg_reset_state();
}

function answer(request: WorkerRequest): WorkerReply {
  try {
    return request.kind === "compile" ? compileModule(request) : describeWorld(request);
  } catch (error) {
    return explain(error);
  }
}

function compileModule(request: CompileRequest): WorkerReply {
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
}

function describeWorld(request: DescribeRequest): WorkerReply {
  const files = new WitFiles(request.memoryBytes);
  for (const [path, text] of request.files) files.add(path, text);
  const outcome = files.describe(request.world, request.utf16);
  if (outcome.code !== 0) return { kind: "refused", code: outcome.code, message: outcome.message };
  const world = outcome.take_world() as Uint8Array<ArrayBuffer>;
  return { kind: "description", world, section: outcome.take_section() as Uint8Array<ArrayBuffer> };
}

/** What of a reply is handed over rather than copied. */
function buffers(reply: WorkerReply): ArrayBuffer[] {
  switch (reply.kind) {
    case "artifact":
      return [reply.bytes.buffer];
    case "description":
      return [reply.world.buffer, reply.section.buffer];
    default:
      return [];
  }
}

/** Why the instance ended. It cannot do any more work, but it still answers. */
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
