import { readFileSync, writeFileSync } from "node:fs";

const README = new URL("../../../README.md", import.meta.url);
const START = "<!-- spec-tests:start -->";
const END = "<!-- spec-tests:end -->";

/** Reads what stands between the marks of the README. */
export function readBlock(): string {
  const [, block] = split(readFileSync(README, "utf8"));
  return block.trim();
}

/** Replaces what stands between the marks of the README. */
export function writeBlock(block: string): void {
  const [before, , after] = split(readFileSync(README, "utf8"));
  writeFileSync(README, `${before}\n${block.trim()}\n${after}`);
}

/**
 * Parts a text at its marks, which stay with the outer parts.
 * Throws when the marks are missing, doubled or the wrong way round: nothing else in the file may be touched.
 */
export function split(text: string): [before: string, block: string, after: string] {
  const start = onlyIndexOf(text, START) + START.length;
  const end = onlyIndexOf(text, END);
  if (end < start) throw new Error(`${END} stands before ${START}`);
  return [text.slice(0, start), text.slice(start, end), text.slice(end)];
}

function onlyIndexOf(text: string, mark: string): number {
  const index = text.indexOf(mark);
  if (index < 0) throw new Error(`the file has no ${mark}`);
  if (text.indexOf(mark, index + 1) >= 0) throw new Error(`the file has ${mark} twice`);
  return index;
}
