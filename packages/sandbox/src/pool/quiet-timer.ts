/** One timer for many things that last equally long: the first is due first. It keeps no process alive. */
export class QuietTimer {
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param time Milliseconds; `undefined`: never due. */
  constructor(
    private readonly time: number | undefined,
    private readonly due: () => void,
  ) {}

  /** Sets the timer for what began then, of `performance.now()`, unless it is set. */
  arm(since: number | undefined): void {
    if (this.#timer !== undefined || this.time === undefined || since === undefined) return;
    const left = Math.max(1, Math.ceil(since + this.time - performance.now()));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.due();
    }, left);
    // In a browser it is a number.
    if (typeof this.#timer === "object") this.#timer.unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
