import type { Snapshot } from "@twinwall/vmm";

/** A snapshot in use; give it back with `release`. */
export interface SnapshotLease {
  readonly snapshot: Snapshot;
  /** Whether it was there already. */
  readonly reused: boolean;
  /** Microseconds that the boot took; 0 when reused. */
  readonly bootUs: number;
  /** Another lease of the same snapshot, given back on its own. Of one that was given back there is none. */
  share(): SnapshotLease;
  /** Gives the snapshot back. Does nothing the second time. */
  release(): void;
}

interface Entry {
  readonly snapshot: Snapshot;
  users: number;
}

/**
 * Snapshots by what they were made from. Those in use stay; of those that nobody uses, the last few stay, so that
 * the next sandbox of the same module starts without a boot.
 */
export class SnapshotStore {
  private readonly entries = new Map<string, Entry>();

  /** @param idleCapacity Most snapshots that are kept while nobody uses them. */
  constructor(private readonly idleCapacity: number) {}

  /** The snapshot of `key`; `make` boots it if there is none, and says whether others may have it. */
  lease(key: string, make: () => { snapshot: Snapshot; share: boolean }): SnapshotLease {
    const known = this.entries.get(key);
    if (known !== undefined) {
      known.users += 1;
      return leaseOf(known.snapshot, true, 0, () => this.giveBack(key, known));
    }
    const begin = performance.now();
    const { snapshot, share } = make();
    const bootUs = microsecondsSince(begin);
    if (!share) return leaseOf(snapshot, false, bootUs, () => snapshot.close());
    const entry: Entry = { snapshot, users: 1 };
    this.entries.set(key, entry);
    return leaseOf(snapshot, false, bootUs, () => this.giveBack(key, entry));
  }

  /** A snapshot that nobody else gets. */
  own(make: () => Snapshot): SnapshotLease {
    const begin = performance.now();
    const snapshot = make();
    return leaseOf(snapshot, false, microsecondsSince(begin), () => snapshot.close());
  }

  private giveBack(key: string, entry: Entry): void {
    entry.users -= 1;
    // Last in the order: used last.
    this.entries.delete(key);
    this.entries.set(key, entry);
    const idle = [...this.entries].filter(([, { users }]) => users === 0);
    for (const [oldest, { snapshot }] of idle.slice(0, Math.max(0, idle.length - this.idleCapacity))) {
      this.entries.delete(oldest);
      snapshot.close();
    }
  }
}

/** @param giveBack Called when the last of those who share the lease has given it back. */
function leaseOf(snapshot: Snapshot, reused: boolean, bootUs: number, giveBack: () => void): SnapshotLease {
  let holders = 0;
  const hold = (): SnapshotLease => {
    let held = true;
    holders += 1;
    return {
      snapshot,
      reused,
      bootUs,
      share() {
        if (!held) throw new Error("the snapshot was given back");
        return hold();
      },
      release() {
        if (!held) return;
        held = false;
        holders -= 1;
        if (holders === 0) giveBack();
      },
    };
  };
  return hold();
}

function microsecondsSince(begin: number): number {
  return Math.round((performance.now() - begin) * 1000);
}
