import type { PoolSettings } from "./options.js";
import type { PooledMachine } from "./pooled-machine.js";
import type { MachineSource } from "./source.js";
import { newCounters, type RetireReason } from "./stats.js";

/** Which machines a pool has: makes them, closes them, counts them, and keeps its budget's books. */
export class Roster {
  readonly counters = newCounters();
  readonly #all = new Set<PooledMachine>();
  /** Machines that are being made: making one may run code of the user's. */
  #making = 0;

  constructor(
    private readonly source: MachineSource,
    private readonly settings: PoolSettings,
  ) {}

  /** Machines that are there, or nearly. */
  get size(): number {
    return this.#all.size + this.#making;
  }

  has(machine: PooledMachine): boolean {
    return this.#all.has(machine);
  }

  /** All machines; one may be removed meanwhile. */
  [Symbol.iterator](): Iterator<PooledMachine> {
    return this.#all.values();
  }

  /**
   * A new machine, unless there are as many as there may be.
   *
   * @param evict Whether idle machines of others go for it, where a budget asks for that.
   * @throws TwinwallError `E_NO_MACHINE` or `E_MEMORY`.
   */
  make(evict: boolean): PooledMachine | undefined {
    const { source, settings } = this;
    if (this.size >= settings.max) return undefined;
    const bytes = source.machineBytes;
    if (settings.budget?.take(bytes, evict) === false) return undefined;
    this.#making += 1;
    try {
      const machine = source.make();
      machine.bytes = bytes;
      machine.onCall = this.#countCall;
      this.#all.add(machine);
      this.counters.created += 1;
      return machine;
    } catch (error) {
      settings.budget?.give(bytes);
      throw error;
    } finally {
      this.#making -= 1;
    }
  }

  /** Closes a machine; its asynchronous call ends. */
  remove(machine: PooledMachine, reason: RetireReason): void {
    this.#all.delete(machine);
    this.counters.retired[reason] += 1;
    this.settings.budget?.give(machine.bytes);
    try {
      // Only when the pool ends may its virtual machine serve another of the same snapshot.
      machine.close(reason !== "closed");
    } catch {
      // A resource of the host's that cannot be let go concerns no request.
    }
  }

  /** Whether a machine has served its time. */
  isWorn({ uses }: PooledMachine): boolean {
    return uses >= this.settings.maxUses;
  }

  /** Takes note of what a restore came to: 1 is a new machine in the old one's place. */
  note(machine: PooledMachine, status: number): void {
    const replaced = status > 0;
    if (replaced) {
      this.counters.created += 1;
      this.counters.retired[this.isWorn(machine) ? "uses" : "replaced"] += 1;
      machine.uses = 0;
    }
    if (this.settings.budget !== undefined) this.#count(machine, replaced ? 0 : machine.stats().openedBytes);
  }

  /** Tells the budget what machines have opened by now. */
  recount(machines: Iterable<PooledMachine>): void {
    for (const machine of machines) this.#count(machine, machine.stats().openedBytes);
  }

  #count(machine: PooledMachine, opened: number): void {
    const bytes = this.source.machineBytes + opened;
    const more = bytes - machine.bytes;
    machine.bytes = bytes;
    if (more !== 0) this.settings.budget?.grow(more);
  }

  readonly #countCall = (): void => {
    this.counters.calls += 1;
  };
}
