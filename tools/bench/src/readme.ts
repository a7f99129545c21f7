const START = "<!-- bench:start -->";
const END = "<!-- bench:end -->";

/**
 * `readme` with everything between its two bench marks replaced by `block`.
 * Throws when the marks are missing, doubled or the wrong way round: nothing else in the file may be touched.
 */
export function replaceBenchBlock(readme: string, block: string): string {
  const start = onlyIndexOf(readme, START);
  const end = onlyIndexOf(readme, END);
  if (end < start) throw new Error(`${END} stands before ${START}`);
  return `${readme.slice(0, start + START.length)}\n${block.trim()}\n${readme.slice(end)}`;
}

function onlyIndexOf(text: string, mark: string): number {
  const index = text.indexOf(mark);
  if (index < 0) throw new Error(`the file has no ${mark}`);
  if (text.indexOf(mark, index + 1) >= 0) throw new Error(`the file has ${mark} twice`);
  return index;
}
