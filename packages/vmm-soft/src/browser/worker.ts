/**
 * A Worker of a browser that runs calls.
 *
 * @module
 */

import type { ToWorker } from "../workers/protocol.js";
import { Service } from "../workers/service.js";

// The types of a page know no Worker's own side.
const scope = globalThis as unknown as {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: "message", listener: (event: MessageEvent<ToWorker>) => void): void;
};

const service = new Service((message, transfer) => scope.postMessage(message, transfer));
scope.addEventListener("message", ({ data }) => service.receive(data));
