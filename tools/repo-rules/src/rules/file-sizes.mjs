// A file that is read in one go holds one idea; most stay below 300 lines. Formatters break code but neither strings nor
// comments, and they know no shell or assembly, so long lines are counted here. Tables and test data are exempt.
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const maximumLines = 400;
export const maximumColumns = 150;

const source = /\.(?:rs|ts|mts|mjs|js|c|h|s|S|sh|fbs|wat|toml|ya?ml)$|(^|\/)\.ci\/run$/;
const exempt = /(^|\/)(?:generated|vectors|vendor|third-party)\/|(^|\/)(?:pnpm-lock\.yaml|Cargo\.lock)$/;

/** @param {import("../context.mjs").Context} context */
export function check({ root, files }) {
  return files
    .filter((file) => source.test(file) && !exempt.test(file))
    .flatMap((file) => tooLarge(file, readFileSync(join(root, file), "utf8")));
}

/**
 * @param {string} file
 * @param {string} text
 */
export function tooLarge(file, text) {
  const lines = text.replace(/\n$/, "").split("\n");
  const problems =
    lines.length > maximumLines ? [`${file}: ${lines.length} lines, at most ${maximumLines}`] : [];
  for (const [index, line] of lines.entries()) {
    const columns = [...line].length;
    if (columns > maximumColumns && !isUrl(line)) {
      problems.push(`${file}:${index + 1}: ${columns} characters, at most ${maximumColumns}`);
    }
  }
  return problems;
}

/** @param {string} line */
function isUrl(line) {
  return /https?:\/\/\S{60,}/.test(line);
}
