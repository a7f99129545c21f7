import { type EchoReport, SIZES } from "./echoes.js";
import type { FailingClosed } from "./failing-closed.js";

/** The latencies as a table. */
export function latencyTable({ medians }: EchoReport): string {
  const head = ["median, µs", ...SIZES.map((size) => (size < 1024 ? `${size} B` : `${size / 1024} KiB`))];
  const rows = medians.map(({ target, connection, bySize }) => [
    `${connection === "new" ? "new connection" : "open connection"}, ${target}`,
    ...SIZES.map((size) => (bySize.get(size) ?? Number.NaN).toFixed(0)),
  ]);
  const table = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join("   "),
    )
    .join("\n");
}

/** What failing closed looked like. */
export function failingClosedText({ closed, bytesPassedOn }: FailingClosed): string {
  const how = closed === "reset" ? "by a reset" : "by its end";
  return `The guest of one connection trapped: that connection was closed ${how}, ${bytesPassedOn} bytes of the chunk were
passed on, and the connections before and after it work.`;
}

/** Counters that are not 0, lined up. */
export function countersText(counters: Readonly<Record<string, number>>): string {
  const shown = Object.entries(counters).filter(([, value]) => value !== 0);
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join("\n");
}
