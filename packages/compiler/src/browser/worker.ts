/**
 * The Worker that compiles, in a browser.
 *
 * @module
 */

import type { WorkerMessage } from "../worker-protocol.js";
import { serve } from "../worker-service.js";

addEventListener("message", ({ data }: MessageEvent<WorkerMessage>) => {
  serve(data, (reply, transfer) => postMessage(reply, { transfer }));
});
