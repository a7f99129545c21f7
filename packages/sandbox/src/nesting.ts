import { TwinwallError } from "@twinwall/abi";

/** Counts the synchronous calls that are under way on this thread: each but the first runs within a host function. */
class Nesting {
  #calls = 0;

  /** @throws TwinwallError `E_LIMIT` when `deepest` calls are under way already. */
  enter(deepest: number): void {
    if (this.#calls >= deepest) throw tooDeep(deepest);
    this.#calls += 1;
  }

  leave(): void {
    this.#calls -= 1;
  }
}

function tooDeep(deepest: number): TwinwallError {
  return new TwinwallError(
    "E_LIMIT",
    `${deepest} calls are under way on this thread, each within a host function of the one before; see limit nesting`,
  );
}

/** Those of this thread. */
export const nesting = new Nesting();
