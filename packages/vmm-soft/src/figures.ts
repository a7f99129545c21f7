import { FUEL_UNLIMITED } from "@twinwall/abi";
import type { MachineLimits, MachineStats } from "@twinwall/vmm";
import { fuelWords } from "./budget.js";
import type { Exchange } from "./exchange.js";
import { ReportWord, readLong } from "./mailbox.js";
import type { CallStats } from "./workers/protocol.js";

const noWords = new Uint32Array(0);

/** What a machine tells of its last call and of all of them. */
export class Figures {
  // In all.
  calls = 0;
  restores = 0;
  // Of the last call or restore.
  restoredBytes = 0;
  #openedBytes = 0;
  #memoryBytes = 0;
  #ticks = 0;
  #fuelLow = 0;
  #fuelHigh = 0;

  /** Reads them from the report of a call that took so many milliseconds. */
  read(words: Uint32Array, elapsed: number, openedBytes: number): void {
    this.#ticks = Math.round(elapsed * 1e6);
    this.#fuelLow = words[ReportWord.FuelUsed] ?? 0;
    this.#fuelHigh = words[ReportWord.FuelUsed + 1] ?? 0;
    this.#memoryBytes = readLong(words, ReportWord.MemoryBytes);
    this.#openedBytes = openedBytes;
  }

  /** Takes over those of a call that another machine ran. */
  adopt(stats: CallStats): void {
    const { low, high } = fuelWords(stats.fuelUsed);
    this.#fuelLow = low;
    this.#fuelHigh = high;
    this.#ticks = stats.guestTicks;
    this.#memoryBytes = stats.memoryBytes;
    this.#openedBytes = stats.openedBytes;
    this.restoredBytes = stats.restoredBytes;
  }

  /** Forgets those of the last call: of one that was ended from outside nobody can tell. */
  forget(): void {
    this.read(noWords, 0, 0);
  }

  /** All of them. */
  stats(exchange: Exchange, limits: MachineLimits, writableBytes: number): MachineStats {
    const counted = limits.fuel !== FUEL_UNLIMITED;
    return {
      exits: exchange.exits,
      hostCalls: exchange.hostCalls,
      hostBytes: exchange.hostBytes,
      outboxBytes: exchange.outboxBytes,
      cpuTimeUs: 0,
      fuelUsed: counted ? (BigInt(this.#fuelHigh) << 32n) + BigInt(this.#fuelLow) : 0n,
      guestTicks: this.#ticks,
      memoryBytes: this.#memoryBytes,
      writableBytes,
      restoreStrategy: "copy",
      restoredBytes: this.restoredBytes,
      openedBytes: this.#openedBytes,
      calls: this.calls,
      restores: this.restores,
    };
  }
}
