import type { Attack } from "./attack.js";
import { type Guarantee, type GuaranteeId, guarantees } from "./guarantees.js";
import type { Result } from "./run.js";

const head = ["attack", "machine", "tries", "outcome"];

/** One line of the table of results, as wide as the attacks' names. */
export function formatResult(result: Result, attacks: readonly Attack[]): string {
  const longest = Math.max(...attacks.map(({ id }) => id.length));
  return formatRow(toRow(result), [longest, head[1]?.length ?? 0, 8, 0]);
}

function toRow({ attack, machine, tries, outcome, detail }: Result): string[] {
  const word = outcome === "failed" ? "FAILED" : outcome;
  return [attack, machine, String(tries), detail === undefined ? word : `${word}: ${detail}`];
}

function formatRow(row: readonly string[], widths: readonly number[]): string {
  // Numbers stand to the right.
  return row
    .map((cell, index) => (index === 2 ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0)))
    .join("  ")
    .trimEnd();
}

/** The map of guarantees to what stands behind them, as Markdown: for the README. */
export function formatGuarantees(attacks: readonly Attack[]): string {
  return (Object.entries(guarantees) as [GuaranteeId, Guarantee][])
    .map(([id, { title, promise, core, tests }]) => {
      const own = attacks.filter((attack) => attack.guarantees.includes(id));
      const cores = [...new Set([...core, ...own.flatMap((attack) => attack.core)])];
      return [
        `### ${title}`,
        "",
        promise,
        "",
        `- attacks: ${own.map((attack) => `\`${attack.id}\``).join(", ")}`,
        ...(cores.length > 0 ? [`- core: ${cores.map((name) => `\`${name}\``).join(", ")}`] : []),
        ...tests.map(([file, name]) => `- \`${file}\`: "${name}"`),
        "",
      ].join("\n");
    })
    .join("\n");
}
