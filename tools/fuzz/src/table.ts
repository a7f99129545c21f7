import type { Result } from "./run.js";

const widths = [20, 10, 10, 10, 12] as const;

function row(cells: readonly string[], last: string): string {
  const [first, ...rest] = cells.map((cell, index) => {
    const width = widths[index] ?? 0;
    return index === 0 ? cell.padEnd(width) : cell.padStart(width);
  });
  return `${first}${rest.join("")}  ${last}`;
}

/** Heads of the columns. */
export const heading = row(["target", "cases", "read", "refused", "cases/s"], "outcome");

/** A result as a line. */
export function formatResult({ target, cases, read, refused, seconds, finding, skipped }: Result): string {
  const rate = seconds > 0 ? Math.round(cases / seconds) : 0;
  const numbers = [cases, read, refused, rate].map(String);
  return row([target, ...numbers], outcomeOf(cases, finding, skipped));
}

function outcomeOf(cases: number, finding: string | undefined, skipped: string | undefined): string {
  if (finding !== undefined) return `FOUND ${finding}`;
  if (skipped !== undefined) return `skipped: ${skipped}`;
  // Not one, not even of the corpus: the target needs a machine that is not here.
  return cases === 0 ? "skipped: no /dev/kvm" : "ok";
}
