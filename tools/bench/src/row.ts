/** Units of the report: times are nanoseconds inside and are printed in the unit that fits. */
export type Unit = "ns" | "bytes" | "count" | "ratio";

/** A line of the report: what was measured, beside the goal that it must reach. */
export interface Row {
  readonly id: string;
  readonly what: string;
  readonly unit: Unit;
  /** How many samples; absent for things that are counted. */
  readonly samples?: number;
  /** The figure that is judged: the median of the samples, or a count. */
  readonly value?: number;
  readonly p99?: number;
  /** What the machine itself takes, measured in the same rounds. */
  readonly floor?: number;
  /** `value` in terms of `floor`. */
  readonly ratio?: number;
  /** The goal in words. */
  readonly goal: string;
  /** The largest `value` that reaches the goal, in `unit`; absent when the row is only for information. */
  readonly limit?: number;
  readonly verdict: Verdict;
  /** Anything that a reader needs to judge the figure. */
  readonly note?: string;
}

/** Whether the goal was reached; `by` is the share above the limit (0.12 is 12 % too much). */
export type Verdict =
  | { readonly kind: "met" }
  | { readonly kind: "missed"; readonly by: number }
  | { readonly kind: "stated" }
  | { readonly kind: "not measured"; readonly reason: string };

/** Everything about a row but what follows from its figures. */
export type RowInput = Omit<Row, "verdict" | "ratio">;

/** What a row says before anything was measured. */
export type RowHead = Pick<Row, "id" | "what" | "unit" | "goal">;

/** A row with its verdict. A row without a limit is only stated. */
export function judge(row: RowInput & { readonly value: number }): Row {
  const ratio = row.floor === undefined ? {} : { ratio: row.value / row.floor };
  return { ...row, ...ratio, verdict: verdictOf(row.value, row.limit) };
}

/** A row for something that could not be measured here. */
export function notMeasured(row: RowHead, reason: string): Row {
  return { ...row, verdict: { kind: "not measured", reason } };
}

function verdictOf(value: number, limit: number | undefined): Verdict {
  if (limit === undefined) return { kind: "stated" };
  if (value <= limit) return { kind: "met" };
  return { kind: "missed", by: value / limit - 1 };
}
