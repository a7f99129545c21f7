import { TwinwallError } from "@twinwall/abi";
import { platform } from "#sandbox/platform";
import { abortedError } from "../signals.js";
import type { BudgetUser } from "./budget.js";
import type { PoolSettings } from "./options.js";
import type { PooledMachine } from "./pooled-machine.js";
import { RequestQueue } from "./queue.js";
import { QuietTimer } from "./quiet-timer.js";
import { Restorer } from "./restorer.js";
import { Roster } from "./roster.js";
import type { MachineSource } from "./source.js";
import type { PoolStats, RetireReason } from "./stats.js";

/** When requests wait and a machine could not be made: how long until the next try, milliseconds. */
const RETRY_MS = 100;

/**
 * The machines of a pool. Each is in one place: ready (clean, free), used (free, to be put back), restoring, or else with
 * whoever took it.
 *
 * A machine that comes back is put back to its snapshot in a later turn of the event loop, when the reply is on its way, on
 * another thread where that is worth it. Nobody gets it before. A synchronous call that finds nothing better puts back a
 * used machine itself, or waits for one that is being put back: both take less than making one.
 */
export class PoolMachines implements BudgetUser {
  readonly queue: RequestQueue<PooledMachine>;
  readonly #roster: Roster;
  readonly #machineBytes: number;
  /** The last is the one used last: its memory is in the caches. The first goes first. */
  readonly #ready: PooledMachine[] = [];
  readonly #restorer: Restorer;
  readonly #idleTimer: QuietTimer;
  readonly #retry = new QuietTimer(RETRY_MS, () => this.pump());
  /** Whether a machine was made for a request in this turn of the event loop: making one takes longer than a call. */
  #grown = false;
  #state: "open" | "draining" | "closed" = "open";
  #emptied: () => void = () => {};

  constructor(
    source: MachineSource,
    private readonly settings: PoolSettings,
  ) {
    this.#roster = new Roster(source, settings);
    this.#restorer = new Restorer(this.#roster, {
      ready: (machine) => this.#toReady(machine),
      gone: (machine, reason) => {
        this.retire(machine, reason);
        this.pump();
      },
      turn: () => this.#turn(),
    });
    this.queue = new RequestQueue(
      settings.queueTime,
      () => this.#refuse(`no machine became free within ${settings.queueTime} ms`),
      () => this.#finishDrain(),
    );
    this.#idleTimer = new QuietTimer(settings.idleTime, () => this.#trim());
    this.#machineBytes = source.machineBytes;
    settings.budget?.join(this, this.#machineBytes);
  }

  get size(): number {
    return this.#roster.size;
  }

  get idle(): number {
    return this.#ready.length;
  }

  get idleBytes(): number {
    return this.#ready.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get idleSince(): number | undefined {
    return this.#ready[0]?.idleSince;
  }

  get waitingSince(): number | undefined {
    return this.queue.since;
  }

  /** Machines by place, and the other figures. */
  stats(): PoolStats {
    const { counters } = this.#roster;
    const ready = this.#ready.length;
    const restoring = this.#restorer.size;
    return {
      machines: { ready, busy: this.size - ready - restoring, restoring },
      queue: this.queue.length,
      waits: this.queue.waits,
      ...counters,
      retired: { ...counters.retired },
    };
  }

  /** Makes the machines that are kept ready; between them the event loop goes on. */
  async warm(): Promise<void> {
    const { min } = this.settings;
    while (this.#state === "open" && this.size < min) {
      const machine = this.#roster.make(false);
      if (machine === undefined) return;
      this.#toReady(machine);
      await new Promise<void>((resolve) => platform.soon(resolve));
    }
  }

  /**
   * A machine for a synchronous call.
   *
   * @throws TwinwallError `E_BUSY` when none is free, or others wait already; `E_DISPOSED`; `E_NO_MACHINE` or `E_MEMORY`
   * when there is none to be had.
   */
  take(): PooledMachine {
    const fast = this.queue.length === 0 && this.#state === "open" ? this.#ready.pop() : undefined;
    return fast ?? this.#takeSlowly();
  }

  #takeSlowly(): PooledMachine {
    this.#checkOpen();
    if (this.queue.length > 0) throw this.#refuse(`${this.queue.length} requests wait for a machine`);
    const clean = this.#ready.pop() ?? this.#restorer.takeUsed() ?? this.#restorer.takeRestoring();
    return clean ?? this.#roster.make(true) ?? this.#throwBusy();
  }

  /**
   * A machine, or a promise of one: requests are served in their order.
   *
   * @throws TwinwallError As {@link take}, but `E_BUSY` only when too many wait already; `E_ABORTED`.
   */
  request(signal: AbortSignal | undefined): PooledMachine | Promise<PooledMachine> {
    if (signal?.aborted) throw abortedError(signal);
    this.#checkOpen();
    if (this.queue.length === 0) {
      const machine = this.#ready.pop() ?? this.#restorer.takeUsed() ?? this.#grow();
      if (machine !== undefined) return machine;
    }
    // Who waits only for a restore, or for a machine's making, waits for no other request.
    if (this.queue.length - this.#restorer.size - this.#room() >= this.settings.queue) this.#throwBusy();
    return this.queue.wait(signal);
  }

  /** Takes a machine back from whoever had it. */
  giveBack(machine: PooledMachine): void {
    if (!this.#roster.has(machine)) return;
    if (this.#state === "closed") this.retire(machine, "closed");
    else if (machine.dirty) this.#restorer.add(machine);
    else this.#toReady(machine);
  }

  /** Takes a machine out of the pool for good; its asynchronous call ends. What it took is free for others. */
  retire(machine: PooledMachine, reason: RetireReason): void {
    if (!this.#roster.has(machine)) return;
    this.#roster.remove(machine, reason);
    this.settings.budget?.serve();
    this.#finishDrain();
  }

  /** A machine that was given back while its asynchronous call ran: the call ends, and the machine goes. */
  abandon(machine: PooledMachine): void {
    this.retire(machine, this.#state === "closed" ? "closed" : "abandoned");
    this.pump();
    this.#restorer.comeSoon();
  }

  recount(): void {
    const ready = new Set(this.#ready);
    // Figures of a machine whose guest runs, or is being put back, are nobody's to read.
    const lent = [...this.#roster].filter(
      (machine) => machine.running === "nowhere" && !ready.has(machine) && !this.#restorer.has(machine),
    );
    this.#roster.recount(lent);
  }

  evict(): void {
    const oldest = this.#ready.shift();
    // Who evicts has a use for the room.
    if (oldest !== undefined) this.#roster.remove(oldest, "evicted");
  }

  pump(): void {
    while (this.queue.length > 0) {
      try {
        const machine = this.#ready.pop() ?? this.#grow();
        if (machine === undefined) return;
        if (!this.queue.serve(machine)) this.giveBack(machine);
      } catch (error) {
        // Whoever can wait for a machine that is there does, and for another try.
        if (this.size > 0) {
          this.#retry.arm(performance.now());
          return;
        }
        this.queue.fail(TwinwallError.from(error));
      }
    }
  }

  /** No new requests; calls `emptied` when those that were there are through, and all machines are closed. */
  drain(emptied: () => void): void {
    this.#emptied = emptied;
    if (this.#state === "open") this.#state = "draining";
    for (const machine of this.#ready.splice(0)) this.retire(machine, "closed");
    this.#finishDrain();
  }

  /** Ends everything but a synchronous call that is under way: its machine goes when it returns. */
  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#idleTimer.stop();
    this.#retry.stop();
    while (this.queue.length > 0) this.queue.fail(closedPool());
    this.#ready.length = 0;
    this.#restorer.clear();
    for (const machine of this.#roster) if (machine.running !== "here") this.retire(machine, "closed");
    this.#finishDrain();
  }

  #finishDrain(): void {
    if (this.#state === "open" || this.size > 0 || this.queue.length > 0) return;
    this.#state = "closed";
    this.settings.budget?.leave(this);
    this.#emptied();
  }

  #checkOpen(): void {
    if (this.#state === "closed") throw closedPool();
    if (this.#state === "draining") throw new TwinwallError("E_DISPOSED", "the pool is being drained");
  }

  #refuse(reason: string): TwinwallError {
    this.#roster.counters.refusals += 1;
    return new TwinwallError("E_BUSY", `the pool is busy: ${reason}`);
  }

  #throwBusy(): never {
    const { size } = this;
    const waiting = this.queue.length > 0 ? `, and ${this.queue.length} requests wait` : "";
    const what = size < this.settings.max ? "its budget is used up" : `all ${size} machines are in use`;
    throw this.#refuse(`${what}${waiting}`);
  }

  /** A clean machine goes to whoever has waited longest, or waits itself. */
  #toReady(machine: PooledMachine): void {
    if (this.#state !== "open" && this.queue.length === 0) {
      this.retire(machine, "closed");
      return;
    }
    const { budget } = this.settings;
    const other = budget?.starving(this);
    if (other === undefined && this.queue.length > 0) {
      this.queue.serve(machine);
      return;
    }
    machine.idleSince = performance.now();
    this.#ready.push(machine);
    if (other !== undefined) {
      other.pump();
      this.pump();
    } else budget?.serve();
    if (this.size > this.settings.min) this.#idleTimer.arm(this.idleSince);
  }

  /** Lets machines go that were idle for long. */
  #trim(): void {
    const { min, idleTime = Number.POSITIVE_INFINITY } = this.settings;
    const due = performance.now() - idleTime;
    while (this.size > min && this.idleSince !== undefined && this.idleSince <= due) {
      const oldest = this.#ready.shift();
      if (oldest !== undefined) this.retire(oldest, "idle");
    }
    if (this.size > min) this.#idleTimer.arm(this.idleSince);
  }

  /** A new machine for a request, one in a turn of the event loop. */
  #grow(): PooledMachine | undefined {
    this.#restorer.comeSoon();
    if (this.#grown) return undefined;
    const machine = this.#roster.make(true);
    this.#grown = machine !== undefined;
    return machine;
  }

  /** Machines that may still be made. */
  #room(): number {
    const { max, budget } = this.settings;
    const room = Math.max(0, max - this.size);
    return budget === undefined || room === 0 ? room : Math.min(room, budget.room(this.#machineBytes));
  }

  /** Goes on with what one turn of the event loop was too short for. */
  #turn(): void {
    this.#grown = false;
    this.pump();
    this.#refill();
  }

  /** Makes what `min` asks for and failures took; when that fails, a later turn tries again. */
  #refill(): void {
    if (this.#state !== "open" || this.size >= this.settings.min) return;
    try {
      const machine = this.#roster.make(false);
      if (machine === undefined) return;
      this.#toReady(machine);
      this.#restorer.comeSoon();
    } catch {
      // Whoever needs a machine will be told.
    }
  }
}

function closedPool(): TwinwallError {
  return new TwinwallError("E_DISPOSED", "the pool is closed");
}
