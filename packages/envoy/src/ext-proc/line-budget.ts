/** Lines a second of all guests: a peer decides how often a guest runs, and with it how much it says. */
const LINES_A_SECOND = 200;

/** How much guests may still log in the current second. */
export class LineBudget {
  private second = 0;
  private used = 0;

  /** Whether there is room for one more line. */
  take(): boolean {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.second) {
      this.second = second;
      this.used = 0;
    }
    this.used += 1;
    return this.used <= LINES_A_SECOND;
  }
}
