import { judge, type Row, type Unit } from "../row.js";
import { median } from "../statistics.js";
import type { Holdings } from "./holdings.js";

/** Something that a process holds. */
export type Held = keyof Holdings;

/** How much more of something may be held in the end. */
interface Margin {
  readonly what: string;
  readonly unit: Unit;
  readonly limit: number;
  readonly goal: string;
}

/**
 * The margins. What leaks with each call, or with each sandbox, passes them within a small part of a run; what comes and
 * goes stays below:
 *
 * - machines of closed sandboxes that are kept for the next, eight at most, each with two descriptors, two mappings and, on
 *   new kernels, a thread of KVM's own;
 * - Workers of the soft machine, two or three, which are replaced when a call is ended: each has four descriptors, some
 *   forty mappings and ten MiB;
 * - pages that allocators keep.
 */
export const MARGINS: Readonly<Record<Held, Margin>> = {
  descriptors: { what: "descriptors", unit: "count", limit: 24, goal: "≤ 24 more" },
  mappings: { what: "mappings", unit: "count", limit: 256, goal: "≤ 256 more" },
  threads: { what: "threads", unit: "count", limit: 8, goal: "≤ 8 more" },
  resident: { what: "resident memory", unit: "bytes", limit: 32 * 2 ** 20, goal: "≤ 32 MiB more" },
};

const HELD = Object.keys(MARGINS) as readonly Held[];

/** Samples at each end that are taken together, as a share of all. */
const END = 0.25;

/**
 * What became more between the first quarter of the samples and the last: the difference of their medians, so that one
 * sample that caught something coming or going decides nothing.
 *
 * @throws RangeError when there are fewer than four samples: nothing can be said then.
 */
export function growthOf(samples: readonly Holdings[], held: Held): number {
  if (samples.length < 4) throw new RangeError(`${samples.length} samples say nothing of growth`);
  const values = samples.map((sample) => sample[held]);
  const count = Math.floor(values.length * END);
  return median(values.slice(-count)) - median(values.slice(0, count));
}

/** Rows that hold the samples of one phase to the margins; a row that is missed is a leak. */
export function flatnessRows(
  phase: { readonly id: string; readonly what: string },
  samples: readonly Holdings[],
): Row[] {
  return HELD.map((held) => {
    const { what, unit, limit, goal } = MARGINS[held];
    const values = samples.map((sample) => sample[held]);
    return judge({
      id: `${phase.id}-${held}`,
      what: `${phase.what}: more ${what} in the end`,
      unit,
      samples: values.length,
      value: growthOf(samples, held),
      goal,
      limit,
      note: `${show(values[0], unit)} at first, ${show(Math.max(...values), unit)} at most, ${show(values.at(-1), unit)} at last`,
    });
  });
}

function show(value: number | undefined, unit: Unit): string {
  if (value === undefined) return "nothing";
  return unit === "bytes" ? `${(value / 2 ** 20).toFixed(1)} MiB` : value.toLocaleString("en-US");
}
