/**
 * The Worker that holds the guest. Not even a module that does not end its start function, which runs in here, can hold
 * the page up.
 *
 * @module
 */

import { createCompiler } from "@twinwall/compiler";
import { Guest } from "./guest.js";
import {
  type Answer,
  type CallOrder,
  failureOf,
  type Order,
  type ToPage,
  type ToWorker,
} from "./protocol.js";

/** Sends an answer to the order that is being worked on. */
type Tell = (answer: Answer) => void;

const compiler = createCompiler();
let guest: Guest | undefined;
let stop: AbortController | undefined;

// The compiler is large, and slow at first: it is made ready before there is anything to compile. Where that fails, the
// first module fails for the same reason.
compiler.prepare().catch(() => undefined);

addEventListener("message", ({ data }: MessageEvent<ToWorker>) => {
  if (data === "stop") {
    stop?.abort();
    return;
  }
  const { id, order } = data;
  const tell: Tell = (answer) => postMessage({ id, answer } satisfies ToPage);
  work(order, tell)
    .then(tell, (error: unknown) => tell({ what: "failed", failure: failureOf(error) }))
    // Told as the Worker's own end: a page that waits must hear of it.
    .catch(reportError);
});

function work(order: Order, tell: Tell): Promise<Answer> {
  return order.what === "open" ? open(order) : call(order.call, tell);
}

async function open({ module, limits }: Order & { what: "open" }): Promise<Answer> {
  guest?.close();
  guest = undefined;
  guest = await Guest.load(compiler, module, limits);
  return { what: "opened", opened: guest.describe() };
}

async function call(order: CallOrder, tell: Tell): Promise<Answer> {
  if (guest === undefined) throw new Error("a call without a module");
  stop = new AbortController();
  const report = await guest.call(order, stop.signal, (calls) => tell({ what: "progress", calls }));
  return { what: "called", report };
}
