import { checkOptionNames, parseSize, type Size, TwinwallError } from "@twinwall/abi";
import { wholeNumber } from "./whole-number.js";

/** Options of a {@link PoolBudget}; at least one of them. */
export interface PoolBudgetOptions {
  /** Most machines of all pools together. Default: no limit. */
  readonly machines?: number;
  /**
   * Most bytes of all their machines together: what a guest can write from its start, and what it opened since. No machine
   * is made that would be too much, and idle ones go when others have grown. What a call opens counts from its end on, also
   * in a session: so calls under way can exceed this, each by at most its own limit `memory` and what the runtime keeps for
   * that. Default: no limit.
   */
  readonly bytes?: Size;
}

/** What of a budget is used. */
export interface PoolBudgetStats {
  readonly machines: number;
  readonly bytes: number;
  /** Pools that share it. */
  readonly pools: number;
}

/**
 * A pool, as its budget sees it.
 *
 * @private Internal code, does not follow semantic versioning.
 */
export interface BudgetUser {
  /** Machines that it has. */
  readonly size: number;
  /** How many of them are idle. */
  readonly idle: number;
  /** Bytes of those. */
  readonly idleBytes: number;
  /** Since when its least recently used idle machine is idle, of `performance.now()`. */
  readonly idleSince: number | undefined;
  /** Since when its first request waits. */
  readonly waitingSince: number | undefined;
  /** Brings up to date what its machines take that are lent, and stand between two calls. */
  recount(): void;
  /** Gives that machine up. */
  evict(): void;
  /** Serves what waits, as far as it can now. */
  pump(): void;
}

/**
 * Machines and bytes that several pools share, such as one pool for each module of a server.
 *
 * When it is used up, the least recently used idle machine of any pool goes. When none is idle, a request waits in its
 * pool's queue. A machine that is released serves its own pool first, unless a pool without any machine has waited
 * longer: so each gets on, and machines are not made anew for every call.
 *
 * @example
 * ```ts
 * const budget = new PoolBudget({ machines: 100, bytes: "256MiB" });
 * const resize = await Pool.create({ module: "resize.wasm", budget });
 * const render = await Pool.create({ module: "render.wasm", budget });
 * ```
 */
export class PoolBudget {
  readonly #mostMachines: number;
  readonly #mostBytes: number;
  readonly #users = new Set<BudgetUser>();
  #machines = 0;
  #bytes = 0;

  /** @throws TwinwallError `E_OPTION`. */
  constructor(options: PoolBudgetOptions) {
    checkOptionNames("PoolBudget", options, { machines: true, bytes: true });
    const { machines, bytes } = options;
    if (machines === undefined && bytes === undefined) {
      throw new TwinwallError("E_OPTION", "PoolBudget: neither machines nor bytes are limited");
    }
    this.#mostMachines = wholeNumber(machines, "machines", 1, 2 ** 20, Number.POSITIVE_INFINITY);
    this.#mostBytes = bytes === undefined ? Number.POSITIVE_INFINITY : parseSize(bytes, "bytes");
  }

  /** What is used now. */
  stats(): PoolBudgetStats {
    this.#recount();
    return { machines: this.#machines, bytes: this.#bytes, pools: this.#users.size };
  }

  /**
   * A pool joins.
   *
   * @private
   * @param bytes What each of its machines takes.
   * @throws TwinwallError `E_OPTION` when not even one fits.
   */
  join(user: BudgetUser, bytes: number): void {
    if (bytes > this.#mostBytes) {
      const text = `one machine of this module takes ${bytes} bytes, and the budget has ${this.#mostBytes}`;
      throw new TwinwallError("E_OPTION", `budget: ${text}`);
    }
    this.#users.add(user);
  }

  /** @private A pool leaves; it has given everything back. */
  leave(user: BudgetUser): void {
    this.#users.delete(user);
  }

  /**
   * Takes a machine out of the budget, if there is room.
   *
   * @private
   * @param evict Whether idle machines go for it.
   */
  take(bytes: number, evict: boolean): boolean {
    this.#recount();
    if (!this.#fits(bytes, 0, 0) && !(evict && this.#makeRoom(bytes))) return false;
    this.#machines += 1;
    this.#bytes += bytes;
    return true;
  }

  /** @private Gives a machine back. */
  give(bytes: number): void {
    this.#machines -= 1;
    this.#bytes -= bytes;
  }

  /** @private A machine takes so many bytes more, or less. Idle ones go while that is too much. */
  grow(bytes: number): void {
    this.#bytes += bytes;
    while (this.#bytes > this.#mostBytes && this.#evictOldest());
  }

  /** @private There is room, or an idle machine: pools whose requests wait may go on, the longest wait first. */
  serve(): void {
    const waiting = [...this.#users].filter((user) => user.waitingSince !== undefined);
    waiting.sort((one, other) => since(one.waitingSince) - since(other.waitingSince));
    for (const user of waiting) user.pump();
  }

  /**
   * The pool that has no machine, and whose request waits longer than any of `user`.
   *
   * @private
   */
  starving(user: BudgetUser): BudgetUser | undefined {
    let starving: BudgetUser | undefined;
    for (const other of this.#users) {
      if (other.size > 0 || other === user || other.waitingSince === undefined) continue;
      if (other.waitingSince < since((starving ?? user).waitingSince)) starving = other;
    }
    return starving;
  }

  /** @private Machines of so many bytes that may be made now, idle ones of others given up. */
  room(bytes: number): number {
    const [idle, idleBytes] = this.#idle();
    const machines = this.#mostMachines - this.#machines + idle;
    return Math.max(0, Math.min(machines, Math.floor((this.#mostBytes - this.#bytes + idleBytes) / bytes)));
  }

  /** A lease may have grown since its machine was last here; nobody is told of every call. */
  #recount(): void {
    if (this.#mostBytes === Number.POSITIVE_INFINITY) return;
    for (const user of this.#users) user.recount();
  }

  #fits(bytes: number, fewerMachines: number, fewerBytes: number): boolean {
    return (
      this.#machines - fewerMachines + 1 <= this.#mostMachines &&
      this.#bytes - fewerBytes + bytes <= this.#mostBytes
    );
  }

  /** Lets idle machines go, when that makes room. */
  #makeRoom(bytes: number): boolean {
    const [idle, idleBytes] = this.#idle();
    if (idle === 0 || !this.#fits(bytes, idle, idleBytes)) return false;
    while (!this.#fits(bytes, 0, 0) && this.#evictOldest());
    return this.#fits(bytes, 0, 0);
  }

  /** Idle machines, and their bytes. */
  #idle(): [machines: number, bytes: number] {
    let [idle, idleBytes] = [0, 0];
    for (const user of this.#users) {
      idle += user.idle;
      idleBytes += user.idleBytes;
    }
    return [idle, idleBytes];
  }

  #evictOldest(): boolean {
    let oldest: BudgetUser | undefined;
    for (const user of this.#users) {
      if (since(user.idleSince) < since(oldest?.idleSince)) oldest = user;
    }
    oldest?.evict();
    return oldest !== undefined;
  }
}

function since(time: number | undefined): number {
  return time ?? Number.POSITIVE_INFINITY;
}
