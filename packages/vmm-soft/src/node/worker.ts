/**
 * A thread of Node that runs calls.
 *
 * @module
 */

import { parentPort } from "node:worker_threads";
import { Service } from "../workers/service.js";

const service = new Service((message, transfer) => parentPort?.postMessage(message, transfer));
parentPort?.on("message", (message) => service.receive(message));
