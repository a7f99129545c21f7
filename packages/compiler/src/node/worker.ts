/**
 * The Worker that compiles, in Node.
 *
 * @module
 */

import { parentPort } from "node:worker_threads";
import type { WorkerMessage } from "../worker-protocol.js";
import { serve } from "../worker-service.js";

parentPort?.on("message", (message: WorkerMessage) => {
  serve(message, (reply, transfer) => parentPort?.postMessage(reply, transfer));
});
