/** Why a machine of a pool is there no more. */
export type RetireReason =
  /** It had served `maxUses` calls. */
  | "uses"
  /** It was idle for `idleTime`. */
  | "idle"
  /** A budget gave its place to another pool. */
  | "evicted"
  /** It was poisoned, or had grown by more than a restore is worth. */
  | "replaced"
  /** It could not be restored. */
  | "failed"
  /** It was released while its asynchronous call ran. */
  | "abandoned"
  /** The pool was drained or closed. */
  | "closed";

/** Figures of a pool. The machines that are there are those `created` less those `retired`. */
export interface PoolStats {
  /** Machines by what they do now. */
  readonly machines: {
    /** Clean, and free. */
    readonly ready: number;
    /** In a call, or lent. */
    readonly busy: number;
    /** Used, and not put back yet. */
    readonly restoring: number;
  };
  /** Requests that wait now. */
  readonly queue: number;
  /** Requests that had to wait, those that wait now not counted. */
  readonly waits: {
    readonly count: number;
    /** Microseconds in all. */
    readonly totalUs: number;
    /** Microseconds. */
    readonly longestUs: number;
  };
  /** Machines made since the pool was opened. */
  readonly created: number;
  /** Machines gone, by reason. */
  readonly retired: Readonly<Record<RetireReason, number>>;
  /** Calls that entered a machine. */
  readonly calls: number;
  /** Requests refused with `E_BUSY`, at once or after `queueTime`. */
  readonly refusals: number;
}

/** What a pool counts. */
export interface Counters {
  created: number;
  readonly retired: Record<RetireReason, number>;
  calls: number;
  refusals: number;
}

/** Nothing counted yet. */
export function newCounters(): Counters {
  return {
    created: 0,
    retired: { uses: 0, idle: 0, evicted: 0, replaced: 0, failed: 0, abandoned: 0, closed: 0 },
    calls: 0,
    refusals: 0,
  };
}
