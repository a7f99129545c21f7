import type { Snapshot } from "@twinwall/vmm";
import { describe, expect, it } from "vitest";
import { RecentMap } from "../src/recent.js";
import { type SnapshotLease, SnapshotStore } from "../src/snapshot-store.js";

/** A store whose snapshots only tell that they were made and closed. */
class Bench {
  readonly made: string[] = [];
  readonly closed: string[] = [];
  readonly store = new SnapshotStore(2);

  lease(key: string, share = true): SnapshotLease {
    return this.store.lease(key, () => ({ snapshot: this.snapshot(key), share }));
  }

  snapshot(key: string): Snapshot {
    this.made.push(key);
    return {
      writableBytes: 0,
      machine: () => {
        throw new Error("no machine here");
      },
      save: () => ({ registers: new Uint8Array(0), runs: [], ends: [] }),
      close: () => this.closed.push(key),
    };
  }
}

describe("the snapshot store", () => {
  it("boots once for a key, and again after nobody could share", () => {
    const bench = new Bench();
    const [first, second] = [bench.lease("a"), bench.lease("a")];
    expect([first.reused, second.reused]).toEqual([false, true]);
    expect(second.snapshot).toBe(first.snapshot);
    expect(bench.made).toEqual(["a"]);
    bench.lease("b", false).release();
    expect(bench.closed).toEqual(["b"]);
    expect(bench.lease("b", false).reused).toBe(false);
  });

  it("keeps a few that nobody uses, the ones used last", () => {
    const bench = new Bench();
    for (const key of ["a", "b", "c"]) bench.lease(key).release();
    expect(bench.closed).toEqual(["a"]);
    expect(bench.lease("c").reused).toBe(true);
    expect(bench.lease("a").reused).toBe(false);
  });

  it("never closes one that is in use", () => {
    const bench = new Bench();
    const held = bench.lease("held");
    for (const key of ["a", "b", "c"]) bench.lease(key).release();
    expect(bench.closed).not.toContain("held");
    held.release();
    held.release();
    expect(bench.lease("held").reused).toBe(true);
  });

  it("waits for all who share a lease", () => {
    const bench = new Bench();
    const first = bench.lease("a", false);
    const second = first.share();
    const third = second.share();
    first.release();
    third.release();
    third.release();
    expect(bench.closed).toEqual([]);
    expect(() => first.share()).toThrow("the snapshot was given back");
    second.release();
    expect(bench.closed).toEqual(["a"]);
  });

  it("keeps nothing of a boot that failed", () => {
    const bench = new Bench();
    const fail = (): never => {
      throw new Error("no boot");
    };
    expect(() => bench.store.lease("a", fail)).toThrow("no boot");
    expect(bench.lease("a").reused).toBe(false);
  });

  it("closes a snapshot of one's own when it is given back", () => {
    const bench = new Bench();
    const lease = bench.store.own(() => bench.snapshot("own"));
    expect(bench.closed).toEqual([]);
    lease.release();
    lease.release();
    expect(bench.closed).toEqual(["own"]);
  });
});

describe("maps of what was used last", () => {
  it("lose what was used longest ago", () => {
    const recent = new RecentMap<number>(2);
    recent.set("a", 1);
    recent.set("b", 2);
    expect(recent.get("a")).toBe(1);
    recent.set("c", 3);
    expect([recent.get("a"), recent.get("b"), recent.get("c")]).toEqual([1, undefined, 3]);
  });
});
