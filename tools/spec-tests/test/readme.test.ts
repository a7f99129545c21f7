import { describe, expect, it } from "vitest";
import { readBlock, split } from "../src/readme.js";
import { countSkipped } from "../src/results.js";
import { cellOf, formatOff, formatTable, machineCell, tableSuites } from "../src/table.js";
import { readTests } from "../src/tests.js";

const tests = readTests();

describe("the README's table", () => {
  it("has the rows and the columns of what is not run that a new one would have", () => {
    const block = readBlock();
    const fresh = formatTable(tests, () => "");
    const [head = ""] = fresh.split("\n");
    const columns = head
      .split("|")
      .slice(4, -1)
      .map((cell) => cell.trim());
    expect(columns.length).toBeGreaterThan(0);
    for (const { title } of tableSuites(tests)) {
      for (const column of columns) {
        expect([title, column, cellOf(block, title, column)]).toEqual([
          title,
          column,
          cellOf(fresh, title, column),
        ]);
      }
    }
  });

  it("names the proposals that are off", () => {
    expect(readBlock()).toContain(formatOff(tests));
  });

  it("accounts for every directive", () => {
    const suite = tests.suites.find(({ name }) => name === "simd");
    if (suite === undefined) throw new Error("there is no suite simd");
    const skipped = [...countSkipped(suite).values()].reduce((sum, count) => sum + count, 0);
    expect(skipped).toBe(suite.files.flatMap((file) => file.skipped).length);
  });
});

describe("a machine's cell", () => {
  it.each([
    [{ run: 1234, passed: 1234 }, "1,234"],
    [{ run: 1234, passed: 1233 }, "1,233 of 1,234"],
  ])("%o is %s", (result, text) => {
    expect(machineCell(result)).toBe(text);
  });
});

describe("a cell of a table", () => {
  const table = "| tests | kvm |\n| --- | ---: |\n| SIMD | 12 |";

  it("is found by row and column", () => {
    expect(cellOf(table, "SIMD", "kvm")).toBe("12");
    expect(cellOf(table, "SIMD", "soft")).toBeUndefined();
    expect(cellOf(table, "tail calls", "kvm")).toBeUndefined();
  });
});

describe("the marks", () => {
  it("part a text", () => {
    const text = "a <!-- spec-tests:start -->\nold\n<!-- spec-tests:end --> z";
    expect(split(text)).toEqual(["a <!-- spec-tests:start -->", "\nold\n", "<!-- spec-tests:end --> z"]);
  });

  it.each([
    ["", "no <!-- spec-tests:start -->"],
    ["<!-- spec-tests:start -->", "no <!-- spec-tests:end -->"],
    ["<!-- spec-tests:end --><!-- spec-tests:start -->", "stands before"],
    ["<!-- spec-tests:start --><!-- spec-tests:start --><!-- spec-tests:end -->", "twice"],
  ])("%j is refused", (text, reason) => {
    expect(() => split(text)).toThrow(reason);
  });
});
