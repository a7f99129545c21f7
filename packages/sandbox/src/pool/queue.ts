import type { TwinwallError } from "@twinwall/abi";
import { abortedError } from "../signals.js";

/** A request that waits. */
interface Request<Item> {
  readonly since: number;
  readonly resolve: (item: Item) => void;
  readonly reject: (error: TwinwallError) => void;
  /** Stops listening to its signal. */
  readonly forget: () => void;
}

/** Requests that wait, first come, first served. Each ends: it is served, aborted, too late, or refused at the close. */
export class RequestQueue<Item> {
  readonly #requests = new Set<Request<Item>>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waits = { count: 0, totalUs: 0, longestUs: 0 };

  /**
   * @param longest Longest wait, milliseconds.
   * @param late Makes the error for a request that has waited that long.
   * @param left Told when a request has gone without being served.
   */
  constructor(
    private readonly longest: number,
    private readonly late: () => TwinwallError,
    private readonly left: () => void,
  ) {}

  /** Requests that wait. */
  get length(): number {
    return this.#requests.size;
  }

  /** Since when the first waits, of `performance.now()`. */
  get since(): number | undefined {
    return this.#first()?.since;
  }

  /** Figures of the waits that are over. */
  get waits(): Readonly<{ count: number; totalUs: number; longestUs: number }> {
    return { ...this.#waits };
  }

  /**
   * Waits for an item.
   *
   * @throws TwinwallError By rejection: `E_ABORTED` when the signal fires, and what ends the wait otherwise.
   */
  wait(signal: AbortSignal | undefined): Promise<Item> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        if (signal !== undefined && this.#remove(request)) reject(abortedError(signal));
        this.left();
      };
      const forget = (): void => signal?.removeEventListener("abort", onAbort);
      const request: Request<Item> = { since: performance.now(), resolve, reject, forget };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#requests.add(request);
      this.#arm();
    });
  }

  /** Gives an item to the first; tells whether there was one. */
  serve(item: Item): boolean {
    const first = this.#first();
    if (first === undefined || !this.#remove(first)) return false;
    first.resolve(item);
    return true;
  }

  /** Refuses the first. */
  fail(error: TwinwallError): void {
    const first = this.#first();
    if (first !== undefined && this.#remove(first)) first.reject(error);
  }

  #first(): Request<Item> | undefined {
    for (const request of this.#requests) return request;
    return undefined;
  }

  #remove(request: Request<Item>): boolean {
    if (!this.#requests.delete(request)) return false;
    request.forget();
    const waited = Math.round((performance.now() - request.since) * 1000);
    const { count, totalUs, longestUs } = this.#waits;
    this.#waits = { count: count + 1, totalUs: totalUs + waited, longestUs: Math.max(longestUs, waited) };
    if (this.#requests.size === 0) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
    return true;
  }

  /** One timer, for the first: nobody behind it is due before. */
  #arm(): void {
    const since = this.since;
    if (this.#timer !== undefined || since === undefined) return;
    // Timers may be early by less than a millisecond.
    const left = Math.max(1, Math.ceil(since + this.longest - performance.now()));
    this.#timer = setTimeout(() => this.#expire(), left);
  }

  #expire(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const request of this.#requests) {
      if (request.since + this.longest > now) break;
      if (this.#remove(request)) request.reject(this.late());
    }
    this.#arm();
    this.left();
  }
}
