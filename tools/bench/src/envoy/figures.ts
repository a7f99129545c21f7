import { median } from "../statistics.js";
import type { PathName } from "./paths.js";

/** Whether echoes go over a connection that stays open, or each over one of its own, whose making is timed too. */
export type ConnectionKind = "existing" | "new";

/** Both, in the report's order. */
export const CONNECTION_KINDS: readonly ConnectionKind[] = ["existing", "new"];

/** Latencies of one path, size and kind of connection, in nanoseconds. */
export interface Figures {
  readonly path: PathName;
  /** Bytes of an echo. */
  readonly size: number;
  readonly connection: ConnectionKind;
  /** How many echoes. */
  readonly count: number;
  readonly mean: number;
  /** Standard deviation. */
  readonly deviation: number;
  readonly p25: number;
  readonly median: number;
  readonly p75: number;
  readonly p99: number;
  /** The median of each round; rounds of all paths belong together. */
  readonly rounds: readonly number[];
}

/** All figures of a run. */
export class FigureTable {
  readonly #byKey: ReadonlyMap<string, Figures>;

  constructor(readonly all: readonly Figures[]) {
    this.#byKey = new Map(all.map((figures) => [keyOf(figures), figures]));
  }

  /** Sizes that were measured, ascending. */
  get sizes(): readonly number[] {
    return [...new Set(this.all.map(({ size }) => size))].sort((a, b) => a - b);
  }

  /** Paths that were measured, in the order of measurement. */
  get paths(): readonly PathName[] {
    return [...new Set(this.all.map(({ path }) => path))];
  }

  find(path: PathName, size: number, connection: ConnectionKind = "existing"): Figures | undefined {
    return this.#byKey.get(keyOf({ path, size, connection }));
  }

  /**
   * What `path` takes longer than `base` on an existing connection, nanoseconds: the median over all rounds of the
   * difference between the medians of a round. Of these sizes, or of all. `undefined` when one of them was not measured.
   */
  added(path: PathName, base: PathName, sizes = this.sizes): number | undefined {
    const differences = sizes.flatMap((size) => {
      const over = this.find(path, size)?.rounds ?? [];
      const under = this.find(base, size)?.rounds ?? [];
      return over.slice(0, under.length).map((time, round) => time - (under[round] ?? 0));
    });
    return differences.length === 0 ? undefined : median(differences);
  }

  /** The median over all rounds, of these sizes, or of all. */
  typical(path: PathName, sizes = this.sizes): number | undefined {
    const medians = sizes.flatMap((size) => this.find(path, size)?.rounds ?? []);
    return medians.length === 0 ? undefined : median(medians);
  }
}

function keyOf({ path, size, connection }: Pick<Figures, "path" | "size" | "connection">): string {
  return `${path} ${size} ${connection}`;
}
