import { type LimitOptions, TwinwallError } from "@twinwall/sandbox";
import {
  type Answer,
  type CallOrder,
  type CallReport,
  errorOf,
  type Opened,
  type Order,
  type ToPage,
  type ToWorker,
} from "./protocol.js";

/** An order that has not been answered yet. */
interface Pending {
  readonly id: number;
  readonly order: Order;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: TwinwallError) => void;
  readonly onProgress: (calls: number) => void;
}

/** The page's side of the Worker that holds the guest. It does one thing at a time; a new order ends the one before. */
export class GuestWorker {
  #worker: Worker | undefined;
  #pending: Pending | undefined;
  #lastId = 0;

  /** @param onLost Hears that the Worker died, and the module with it. Another order starts another Worker. */
  constructor(private readonly onLost: (error: TwinwallError) => void) {
    this.#worker = this.#start();
  }

  /**
   * Opens a module. The one before ends, whatever it is doing: what is not answered yet never will be.
   *
   * @throws TwinwallError Why the module is refused.
   */
  async open(module: Uint8Array, limits: LimitOptions): Promise<Opened> {
    // A module that starts up holds its Worker, and ends with it alone.
    if (this.#pending?.order.what === "open") this.#end();
    const answer = await this.#send({ what: "open", module, limits });
    if (answer.what === "opened") return answer.opened;
    throw failed(answer);
  }

  /**
   * Makes calls.
   *
   * @throws TwinwallError What the first call that fails fails with.
   */
  async call(call: CallOrder, onProgress: (calls: number) => void): Promise<CallReport> {
    const answer = await this.#send({ what: "call", call }, onProgress);
    if (answer.what === "called") return answer.report;
    throw failed(answer);
  }

  /** Stops the calls under way: `E_ABORTED`. */
  stop(): void {
    this.#worker?.postMessage("stop" satisfies ToWorker);
  }

  #send(order: Order, onProgress: Pending["onProgress"] = () => {}): Promise<Answer> {
    this.#worker ??= this.#start();
    this.#lastId += 1;
    const id = this.#lastId;
    this.#worker.postMessage({ id, order } satisfies ToWorker);
    return new Promise((resolve, reject) => {
      this.#pending = { id, order, resolve, reject, onProgress };
    });
  }

  #start(): Worker {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "guest" });
    worker.addEventListener("message", ({ data }: MessageEvent<ToPage>) => this.#receive(data));
    worker.addEventListener("error", (event) => {
      // It becomes an error that is shown; the browser need not tell it a second time.
      event.preventDefault();
      if (this.#worker === worker) this.#lost(event.message || "its script could not be loaded");
    });
    return worker;
  }

  #receive({ id, answer }: ToPage): void {
    const pending = this.#pending;
    // The answer to an order that a later one ended.
    if (pending?.id !== id) return;
    if (answer.what === "progress") {
      pending.onProgress(answer.calls);
      return;
    }
    this.#pending = undefined;
    pending.resolve(answer);
  }

  #lost(reason: string): void {
    const pending = this.#pending;
    this.#end();
    const error = new TwinwallError("E_INTERNAL", `the page's Worker ended: ${reason}`);
    pending?.reject(error);
    this.onLost(error);
  }

  #end(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#pending = undefined;
  }
}

function failed(answer: Answer): TwinwallError {
  if (answer.what === "failed") return errorOf(answer.failure);
  return new TwinwallError("E_INTERNAL", `the page's Worker gave an answer out of turn: ${answer.what}`);
}
