import { Sandbox } from "@twinwall/sandbox";
import { assemble } from "../assemble.js";
import type { Bench } from "../bench.js";
import { interleave, type Series, timeEach } from "../interleave.js";
import { judge, type Row } from "../row.js";
import { summarize } from "../statistics.js";

const PAGE = 65_536;
/** MiB that the guests can write. */
const SIZES = [1, 4, 16, 64] as const;
/** Calls before the measurement, in which a machine finds out how it is restored best. */
const WARM_UP = 200;

/** Rows about calls with a clean slate of guests that can write much and write one page. */
export async function measureRestores(bench: Bench, machine: "kvm" | "soft"): Promise<Row[]> {
  const rows: Row[] = [];
  for (const size of SIZES) rows.push(await measureOne(bench, machine, size));
  return rows;
}

async function measureOne(bench: Bench, machine: "kvm" | "soft", mebibytes: number): Promise<Row> {
  const module = await guestOf((mebibytes << 20) / PAGE);
  const options = { module, machine, limits: { memory: "128MiB" } } as const;
  using kept = await Sandbox.create(options);
  using restored = await Sandbox.create(options);
  using session = kept.session();
  for (let call = 0; call < WARM_UP; call++) restored.call("write", call * 8, 1);
  const series: Series[] = [
    { name: "session", measure: (count) => timeEach(count, () => session.call("write", 4096, 1)) },
    { name: "clean slate", measure: (count) => timeEach(count, () => restored.call("write", 4096, 1)) },
  ];
  const samples = await interleave(series, bench.effort);
  const { restoreStrategy, restoredBytes } = restored.stats();
  const { count, median, p99 } = summarize(samples.get("clean slate") ?? []);
  const prefix = machine === "soft" ? "soft: " : "";
  return judge({
    id: `${machine === "soft" ? "soft-" : ""}restore-${mebibytes}m`,
    what: `${prefix}call of a guest with ${mebibytes} MiB, clean slate; floor: in a session`,
    goal: "stated",
    unit: "ns",
    samples: count,
    value: median,
    p99,
    floor: summarize(samples.get("session") ?? []).median,
    note: `${restoreStrategy}, ${Math.round(restoredBytes / 1024)} KiB put back after each call`,
  });
}

function guestOf(pages: number): Promise<Uint8Array> {
  return assemble(`(module (memory ${pages}) (data (i32.const 0) "guest")
    (func (export "write") (param i32 i32) (i32.store (local.get 0) (local.get 1))))`);
}
