import { describe, expect, it } from "vitest";
import { parseOptions } from "../src/options.js";

describe("parseOptions", () => {
  it("does the full measurement by default", () => {
    expect(parseOptions([])).toEqual({ quick: false, markdown: false, json: undefined });
  });

  it("reads its options, behind the dashes of a package manager too", () => {
    expect(parseOptions(["--", "--quick", "--json", "out.json", "--markdown"])).toEqual({
      quick: true,
      markdown: true,
      json: "out.json",
    });
  });

  it("refuses what it does not know", () => {
    expect(() => parseOptions(["--fast"])).toThrow(TypeError);
    expect(() => parseOptions(["file"])).toThrow(TypeError);
  });
});
