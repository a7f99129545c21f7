import { platform } from "#sandbox/platform";
import type { PooledMachine } from "./pooled-machine.js";
import type { Roster } from "./roster.js";
import type { RetireReason } from "./stats.js";

/** How long the event loop is kept from other work by machines that are put back, milliseconds. */
const TURN_MS = 1;

/** What becomes of machines that were to be put back. */
export interface RestoredMachines {
  /** It is clean. */
  ready(machine: PooledMachine): void;
  /** It is to be closed: it cannot be put back, or has served its time. */
  gone(machine: PooledMachine, reason: RetireReason): void;
  /** A turn is nearly over. */
  turn(): void;
}

/**
 * Puts used machines back to their snapshot, in a later turn of the event loop, when the reply is on its way, on another
 * thread where that is worth it.
 */
export class Restorer {
  readonly #used: PooledMachine[] = [];
  /** Each with what tells its restore from a later one. */
  readonly #restoring = new Map<PooledMachine, object>();
  #turnComes = false;

  constructor(
    private readonly roster: Roster,
    private readonly machines: RestoredMachines,
  ) {}

  /** Machines that are here. */
  get size(): number {
    return this.#used.length + this.#restoring.size;
  }

  /** Whether a machine is here. */
  has(machine: PooledMachine): boolean {
    return this.#restoring.has(machine) || this.#used.includes(machine);
  }

  /** Takes a used machine. */
  add(machine: PooledMachine): void {
    if (machine.restoring) this.#restore(machine);
    else {
      this.#used.push(machine);
      this.comeSoon();
    }
  }

  /** A machine that is waiting to be put back, put back right now. */
  takeUsed(): PooledMachine | undefined {
    for (let machine = this.#used.pop(); machine !== undefined; machine = this.#used.pop()) {
      if (this.#putBack(machine)) return machine;
    }
    return undefined;
  }

  /** A machine that is being put back; waits for that. */
  takeRestoring(): PooledMachine | undefined {
    for (const machine of this.#restoring.keys()) {
      this.#restoring.delete(machine);
      if (this.#putBack(machine)) return machine;
    }
    return undefined;
  }

  /** Has a turn come, also where there is nothing to put back. */
  comeSoon(): void {
    if (this.#turnComes) return;
    this.#turnComes = true;
    platform.soon(() => this.#turn());
  }

  /** Forgets all machines; they are closed otherwise. */
  clear(): void {
    this.#used.length = 0;
    this.#restoring.clear();
  }

  #putBack(machine: PooledMachine): boolean {
    const status = machine.restoreNow();
    if (status >= 0 && !this.roster.isWorn(machine)) {
      this.roster.note(machine, status);
      return true;
    }
    this.machines.gone(machine, status < 0 ? "failed" : "uses");
    return false;
  }

  /** Begins with what was used, for a while. */
  #turn(): void {
    this.#turnComes = false;
    const end = performance.now() + TURN_MS;
    for (let machine = this.#used.pop(); machine !== undefined; machine = this.#used.pop()) {
      this.#restore(machine);
      if (performance.now() > end) break;
    }
    if (this.#used.length > 0) this.comeSoon();
    this.machines.turn();
  }

  #restore(machine: PooledMachine): void {
    const ticket = {};
    this.#restoring.set(machine, ticket);
    // An asynchronous call has its machine restored by itself; one that has served its time is replaced behind that.
    const replace = this.roster.isWorn(machine) && !machine.restoring;
    void machine.restoreLater(replace).then((status) => {
      if (this.#restoring.get(machine) !== ticket) return;
      this.#restoring.delete(machine);
      machine.settle(status);
      if (status < 0) {
        this.machines.gone(machine, "failed");
        this.comeSoon();
      } else if (this.roster.isWorn(machine) && !replace) this.#restore(machine);
      else {
        this.roster.note(machine, status);
        this.machines.ready(machine);
      }
    });
  }
}
