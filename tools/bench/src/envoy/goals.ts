import { judge, notMeasured, type Row } from "../row.js";
import type { FigureTable } from "./figures.js";
import type { PathName } from "./paths.js";

/** What an echo costs where no Envoy has a part in it, nanoseconds; `undefined` without KVM. */
export interface MachineFloor {
  /** Median of a bare round trip, a ring-3 `out` and back, one after the other. */
  readonly loop: number;
  /** Median of a call of the guest with a clean slate, from Node's event loop when a socket has woken it. */
  readonly call: number;
}

const WASM = {
  id: "envoy-wasm-over-floor",
  what: "Wasm guest, state kept: added over the module, in terms of a bare exit there",
  unit: "ratio",
  goal: "≤ 1.15 ×",
} as const;
const MODULE = {
  id: "envoy-module-over-v8",
  what: "module without a machine, both ways: added over bare Envoy, in terms of V8's",
  unit: "ratio",
  goal: "≤ 0.33 ×",
} as const;
const SERVICE = {
  id: "envoy-service-over-nothing",
  what: "ext_proc to KVM, in terms of one to nothing and one call",
  unit: "ratio",
  goal: "≤ 1.30 ×",
} as const;

/** The three goals, each judged over all sizes on existing connections; the notes have each size. */
export function judgeGoals(table: FigureTable, floor: MachineFloor | undefined): Row[] {
  const wasm: Ratio = (sizes) =>
    quotient(table.added("wasm", "module", sizes), table.added("floor", "module", sizes));
  const overV8 = (path: PathName, sizes: readonly number[]): number | undefined =>
    quotient(table.added(path, "bare", sizes), table.added("v8", "bare", sizes));
  const service: Ratio = (sizes) => {
    const nothing = table.typical("service-nothing", sizes);
    const base = nothing === undefined || floor === undefined ? undefined : nothing + floor.call;
    return quotient(table.typical("service-kvm", sizes), base);
  };
  const inPlace = overV8("module", table.sizes);
  const remark = inPlace === undefined ? "" : `; in the echo filter's place, one way, ${inPlace.toFixed(2)}`;
  return [
    row(table, WASM, 1.15, wasm),
    // Equal work: V8's filter sees both ways too.
    row(table, MODULE, 1 / 3, (sizes) => overV8("module-before", sizes), remark),
    row(table, SERVICE, 1.3, service),
  ];
}

/** What is judged, of these sizes together. */
type Ratio = (sizes: readonly number[]) => number | undefined;

function quotient(value: number | undefined, base: number | undefined): number | undefined {
  return value === undefined || base === undefined || base <= 0 ? undefined : value / base;
}

function row(
  table: FigureTable,
  head: typeof WASM | typeof MODULE | typeof SERVICE,
  limit: number,
  ratio: Ratio,
  remark = "",
): Row {
  const value = ratio(table.sizes);
  if (value === undefined) return notMeasured(head, "a path that it compares is missing");
  const each = table.sizes.map((size) => `${size} B ${ratio([size])?.toFixed(2) ?? "?"}`);
  return judge({ ...head, value, limit, note: `by size: ${each.join(", ")}${remark}` });
}
