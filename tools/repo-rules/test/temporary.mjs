import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

/**
 * A folder with these files, removed when the test ends.
 * @param {Record<string, unknown>} files path to text, or to a value that is written as JSON
 * @returns {import("../src/context.mjs").Context}
 */
export function temporaryRepository(files) {
  const root = mkdtempSync(join(tmpdir(), "twinwall-rules-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), typeof content === "string" ? content : JSON.stringify(content));
  }
  return { root, files: Object.keys(files) };
}
