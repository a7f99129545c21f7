import type { MachineName } from "@twinwall/abi";
import { countSkipped, type SuiteResult } from "./results.js";
import { OWN_SUITE, type Reason, type Suite, type Tests } from "./tests.js";

/** The machines, in the order of the table's columns. */
export const machines: readonly MachineName[] = ["kvm", "soft"];

/** What stands in the column of a machine for a suite. */
export type MachineCells = (machine: MachineName, suite: Suite) => string;

/** Heads of the columns of directives that no machine runs; the README explains them. */
const reasonHeads: Readonly<Record<Reason, string>> = {
  text: "text format",
  off: "proposal off",
  superseded: "valid by now",
  import: "imports",
  linking: "linking",
  "host-reference": "host references",
  state: "state",
};

const reasons = Object.keys(reasonHeads) as Reason[];

/** The suites that make rows. */
export function tableSuites(tests: Tests): readonly Suite[] {
  return tests.suites.filter(({ name }) => name !== OWN_SUITE);
}

/** The table as Markdown: one row for each suite, a column for each machine, then those for what is not run. */
export function formatTable(tests: Tests, cells: MachineCells): string {
  const suites = tableSuites(tests);
  const shown = reasons.filter((reason) => suites.some((suite) => countSkipped(suite).has(reason)));
  const head = ["tests", ...machines, ...shown.map((reason) => reasonHeads[reason])];
  const lines = suites.map((suite) => [
    suite.title,
    ...machines.map((machine) => cells(machine, suite)),
    ...shown.map((reason) => skippedCell(countSkipped(suite).get(reason))),
  ]);
  return alignTable([head, ...lines]);
}

/** The text of a suite's result on a machine. */
export function machineCell({ run, passed }: SuiteResult): string {
  return passed === run ? showCount(run) : `${showCount(passed)} of ${showCount(run)}`;
}

function skippedCell(count: number | undefined): string {
  return count === undefined ? "" : showCount(count);
}

function showCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** Pads the cells as formatters do: the first column to the left, numbers to the right. */
function alignTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0), 3),
  );
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const padded = rows.map((row) =>
    line(
      row.map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      ),
    ),
  );
  const rule = line(
    widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)),
  );
  return [padded[0], rule, ...padded.slice(1)].join("\n");
}

/** A sentence that names the proposals that are off, with the number of modules in their tests that need them. */
export function formatOff(tests: Tests): string {
  const names = tests.off.map(({ title, modules }) => `${title} (${modules.length})`);
  return `Off, with the number of modules in their tests that are refused: ${names.join(", ")}.`;
}

/** The cell of a Markdown table in the row that begins with `row`, in the column headed `column`. */
export function cellOf(table: string, row: string, column: string): string | undefined {
  const rows = table.split("\n").map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  const index = rows[0]?.indexOf(column) ?? -1;
  return rows.find(([first]) => first === row)?.[index];
}
