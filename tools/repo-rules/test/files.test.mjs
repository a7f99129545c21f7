import { describe, expect, test } from "vitest";
import * as fileNames from "../src/rules/file-names.mjs";
import { check as checkSizes, maximumColumns, maximumLines, tooLarge } from "../src/rules/file-sizes.mjs";
import { temporaryRepository } from "./temporary.mjs";

/** @param {string} file */
const named = (file) => fileNames.check({ root: "/", files: [file] });

describe("file-names", () => {
  test.each([
    "packages/vmm-kvm/src/exit-loop.ts",
    "packages/vmm-kvm/rust/core/src/page_tables.rs",
    "packages/abi/rust/src/page_tables/entry.rs",
    "README.md",
    ".ci/run",
    "Cargo.toml",
    "tsup.config.ts",
    "packages/abi/src/generated/twinwall/abi/imageHeader.ts",
  ])("accepts %s", (file) => {
    expect(named(file)).toEqual([]);
  });

  test.each([
    "src/exitLoop.ts",
    "src/exit_loop.ts",
    "src/PageTables.rs",
    "src/Loop/a.ts",
    "src/page_tables/a.ts",
  ])("refuses %s", (file) => {
    expect(named(file)).toHaveLength(1);
  });
});

describe("file-sizes", () => {
  test("accepts a file at the limits", () => {
    expect(tooLarge("a.ts", `${"x".repeat(maximumColumns)}\n`.repeat(maximumLines))).toEqual([]);
  });

  test("refuses one line too many", () => {
    expect(tooLarge("a.ts", "x\n".repeat(maximumLines + 1))).toHaveLength(1);
  });

  test("names a long line, counting characters and not bytes", () => {
    expect(tooLarge("a.ts", `ok\n${"ä".repeat(maximumColumns + 1)}`)[0]).toMatch(/^a\.ts:2:/);
    expect(tooLarge("a.ts", "ä".repeat(maximumColumns))).toEqual([]);
  });

  test("passes over generated files and those that are not source", () => {
    const long = "x".repeat(maximumColumns + 1);
    const context = temporaryRepository({ "src/generated/a.ts": long, "notes.md": long, "src/b.ts": long });
    expect(checkSizes(context)).toEqual([expect.stringContaining("src/b.ts:1")]);
  });
});
