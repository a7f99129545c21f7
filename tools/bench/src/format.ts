import type { Row, Unit } from "./row.js";

const HEADINGS = ["what", "median", "p99", "floor", "ratio", "goal", "verdict"] as const;

/** `31.6 µs`, `2.10 ms`, `184 KiB`, `1,204`: three digits that mean something. */
export function formatValue(value: number, unit: Unit): string {
  if (unit === "ns") return formatTime(value);
  if (unit === "bytes") return Math.abs(value) < 1024 ? `${value} B` : `${threeDigits(value / 1024)} KiB`;
  if (unit === "ratio") return `${value.toFixed(2)} ×`;
  return Number.isInteger(value) ? value.toLocaleString("en-US") : value.toFixed(2);
}

function formatTime(nanoseconds: number): string {
  if (Math.abs(nanoseconds) >= 1e9) return `${threeDigits(nanoseconds / 1e9)} s`;
  if (Math.abs(nanoseconds) >= 1e6) return `${threeDigits(nanoseconds / 1e6)} ms`;
  return `${threeDigits(nanoseconds / 1e3)} µs`;
}

function threeDigits(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/** One word, and how far off. */
export function formatVerdict({ verdict }: Row): string {
  if (verdict.kind === "missed") return `missed by ${(verdict.by * 100).toFixed(verdict.by < 0.1 ? 1 : 0)} %`;
  if (verdict.kind === "not measured") return `not measured: ${verdict.reason}`;
  return verdict.kind;
}

function cells(row: Row): string[] {
  const show = (value: number | undefined): string =>
    value === undefined ? "" : formatValue(value, row.unit);
  const ratio = row.ratio === undefined ? "" : `${row.ratio.toFixed(2)} ×`;
  return [row.what, show(row.value), show(row.p99), show(row.floor), ratio, row.goal, formatVerdict(row)];
}

/** The report for a terminal: columns, and the notes below. */
export function formatText(rows: readonly Row[]): string {
  const table = [[...HEADINGS], ...rows.map(cells)];
  const widths = HEADINGS.map((_, column) => Math.max(...table.map((line) => (line[column] ?? "").length)));
  const lines = table.map((line) =>
    line
      .map((cell, column) =>
        isFigure(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
  lines.splice(1, 0, widths.map((width) => "─".repeat(width)).join("  "));
  return [...lines, ...notes(rows).map((note) => `  ${note}`)].join("\n");
}

/** The same as a Markdown table. */
export function formatMarkdown(rows: readonly Row[]): string {
  const line = (values: readonly string[]): string => `| ${values.map(escapeCell).join(" | ")} |`;
  const rule = `|${HEADINGS.map((_, column) => (isFigure(column) ? "---:" : "---")).join("|")}|`;
  const table = [line(HEADINGS), rule, ...rows.map((row) => line(cells(row)))].join("\n");
  const listed = notes(rows).map((note) => `* ${note}`);
  return listed.length === 0 ? table : `${table}\n\n${listed.join("\n")}`;
}

function isFigure(column: number): boolean {
  return column >= 1 && column <= 4;
}

function escapeCell(text: string): string {
  return text.replaceAll("|", "\\|");
}

function notes(rows: readonly Row[]): string[] {
  return rows.flatMap(({ what, note }) => (note === undefined ? [] : [`${what}: ${note}`]));
}
