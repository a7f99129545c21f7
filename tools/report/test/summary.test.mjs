import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { summaryLines } from "../src/format.mjs";
import { clearReports, collectReports } from "../src/reports.mjs";

/** @param {Record<string, unknown>} files */
function workspace(files) {
  const root = mkdtempSync(join(tmpdir(), "twinwall-report-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), JSON.stringify(content));
  }
  return root;
}

const tested = { scripts: { test: "vitest run" } };

describe("collectReports", () => {
  test("reads every report of every package", () => {
    const root = workspace({
      "packages/a/package.json": tested,
      "packages/a/.reports/vitest.json": { tests: [{ name: "x", state: "passed" }] },
      "tools/b/package.json": {},
      "tools/b/.reports/cargo.json": { tests: [{ name: "y", state: "failed" }] },
    });
    expect(collectReports(root)).toEqual([
      { runner: "packages/a (vitest)", tests: [{ name: "x", state: "passed" }] },
      { runner: "tools/b (cargo)", tests: [{ name: "y", state: "failed" }] },
    ]);
  });

  test("a package with tests and no report is a failure, one without tests is nothing", () => {
    const root = workspace({ "packages/a/package.json": tested, "packages/b/package.json": {} });
    const reports = collectReports(root);
    expect(reports).toHaveLength(1);
    expect(reports[0]?.tests).toEqual([expect.objectContaining({ name: "packages/a", state: "failed" })]);
  });

  test("a runner that found no tests is a failure", () => {
    const root = workspace({
      "packages/a/package.json": tested,
      "packages/a/.reports/vitest.json": { tests: [] },
    });
    expect(collectReports(root)[0]?.tests).toEqual([expect.objectContaining({ state: "failed" })]);
  });

  test("what is cleared is not counted again", () => {
    const root = workspace({
      "packages/a/package.json": {},
      "packages/a/.reports/vitest.json": { tests: [] },
    });
    clearReports(root);
    expect(existsSync(join(root, "packages/a/.reports"))).toBe(false);
    expect(collectReports(root)).toEqual([]);
  });
});

describe("summaryLines", () => {
  test("prints skips with reasons, each runner, failures as they were told, and the sum last", () => {
    expect(
      summaryLines([
        {
          runner: "packages/a (vitest)",
          tests: [
            { name: "one", state: "passed" },
            { name: "two", state: "failed", detail: "expected 1\nreceived 2" },
          ],
        },
        { runner: "tools/b (cargo)", tests: [{ name: "three", state: "skipped", detail: "no /dev/kvm" }] },
      ]),
    ).toEqual([
      "skipped: tools/b (cargo): three - no /dev/kvm",
      "packages/a (vitest): 1 passed, 1 failed, 0 skipped",
      "tools/b (cargo): 0 passed, 0 failed, 1 skipped",
      "failed: packages/a (vitest): two - expected 1",
      "  received 2",
      "1 passed, 1 failed, 1 skipped",
    ]);
  });

  test("prints the first lines of a long failure only", () => {
    const detail = Array.from({ length: 100 }, (_, line) => `line ${line}`).join("\n");
    const lines = summaryLines([{ runner: "a", tests: [{ name: "x", state: "failed", detail }] }]);
    expect(lines).toHaveLength(1 + 12 + 1);
    expect(lines[12]).toBe("  line 11");
  });
});
