import { describe, expect, it } from "vitest";
import { formatTable } from "../src/table.js";

describe("formatTable", () => {
  it("lines figures up to the right, names and explanations to the left", () => {
    expect(
      formatTable([
        ["name", "µs", ""],
        ["session call", "31.6", "two walls"],
        ["floor", "9.51", "no work"],
      ]),
    ).toBe("name             µs\nsession call   31.6   two walls\nfloor          9.51   no work");
  });
});
