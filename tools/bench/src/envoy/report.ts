import { formatMarkdown } from "../format.js";
import type { Row } from "../row.js";
import { CONNECTION_KINDS, type ConnectionKind, type Figures, FigureTable } from "./figures.js";
import type { MachineFloor } from "./goals.js";
import { type PathName, pathOf } from "./paths.js";

/** Everything that a run found. */
export interface EnvoyEchoResult {
  /** When it ended, ISO 8601. */
  readonly date: string;
  /** One line: processor, kernel, Node, Envoy. */
  readonly system: string;
  readonly quick: boolean;
  readonly figures: readonly Figures[];
  /** What was left out, and why. */
  readonly missing: readonly { readonly path: PathName; readonly reason: string }[];
  readonly floor: MachineFloor | undefined;
  readonly goals: readonly Row[];
}

const HEADINGS: Readonly<Record<ConnectionKind, string>> = {
  existing: "On a connection that stays open",
  new: "Each on a new connection, from before the handshake",
};

/** What the terminal shows: medians, the machine's floor, goals, and what is missing. */
export function formatSummary(result: EnvoyEchoResult): string {
  const table = new FigureTable(result.figures);
  const parts = CONNECTION_KINDS.map(
    (kind) => `${HEADINGS[kind]}, µs, median / p99:\n\n${medianTable(table, kind)}`,
  );
  const goals = formatMarkdown(result.goals);
  return [heading(result), ...parts, ...formatFloor(result), goals, ...formatMissing(result)].join("\n\n");
}

/** The same, and behind it all figures. */
export function formatDocument(result: EnvoyEchoResult): string {
  const table = new FigureTable(result.figures);
  const parts = CONNECTION_KINDS.map((kind) => `${HEADINGS[kind]}, µs:\n\n${fullTable(table, kind)}`);
  return `# Echoes through Envoy\n\n${[formatSummary(result), "## All figures", ...parts].join("\n\n")}\n`;
}

function heading({ system, quick }: EnvoyEchoResult): string {
  return `Measured on ${system}${quick ? "; --quick: too few rounds for a record" : ""}.`;
}

/** What the machine takes by itself, in a loop and where Envoy's event loop waits in between. */
export function formatFloor({ floor, figures }: Pick<EnvoyEchoResult, "floor" | "figures">): string[] {
  const inEnvoy = new FigureTable(figures).added("floor", "module");
  const pieces = [
    floor && `${micro(floor.loop)} µs one after the other`,
    inEnvoy && `${micro(inEnvoy)} µs from Envoy's event loop`,
  ].filter(Boolean);
  if (pieces.length === 0) return [];
  const call = floor && ` A call of the guest from Node's event loop: ${micro(floor.call)} µs.`;
  return [`The machine's floor, a bare \`out\` and back: ${pieces.join(", ")}.${call ?? ""}`];
}

function formatMissing({ missing }: EnvoyEchoResult): string[] {
  if (missing.length === 0) return [];
  const lines = missing.map(({ path, reason }) => `- ${pathOf(path).label}: ${reason}`);
  return [`Left out:\n\n${lines.join("\n")}`];
}

function medianTable(table: FigureTable, kind: ConnectionKind): string {
  const { sizes } = table;
  const head = ["path", ...sizes.map((size) => `${size} B`)];
  const rows = table.paths.map((path) => [
    pathOf(path).label,
    ...sizes.map((size) => {
      const found = table.find(path, size, kind);
      return found === undefined ? "" : `${micro(found.median)} / ${micro(found.p99)}`;
    }),
  ]);
  return markdownTable([head, ...rows]);
}

function fullTable(table: FigureTable, kind: ConnectionKind): string {
  const head = ["path", "bytes", "echoes", "mean", "median", "p25", "p75", "p99", "std. dev."];
  const rows = table.paths.flatMap((path) =>
    table.sizes.flatMap((size) => {
      const found = table.find(path, size, kind);
      if (found === undefined) return [];
      const { count, mean, median, p25, p75, p99, deviation } = found;
      const times = [mean, median, p25, p75, p99, deviation].map(micro);
      return [[pathOf(path).label, `${size}`, `${count}`, ...times]];
    }),
  );
  return markdownTable([head, ...rows]);
}

/** Lines up what it can, so that it reads well as text too. */
function markdownTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join(" | ")} |`;
  const rule = widths.map((width, column) =>
    column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  const [head = [], ...body] = rows;
  return [line(head), line(rule), ...body.map(line)].join("\n");
}

function pad(cell: string, width: number, column: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}

/** Nanoseconds in microseconds: three digits that mean something. */
function micro(nanoseconds: number): string {
  const value = nanoseconds / 1000;
  return value.toFixed(Math.abs(value) >= 100 ? 0 : 1);
}
