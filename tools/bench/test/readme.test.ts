import { describe, expect, it } from "vitest";
import { replaceBenchBlock } from "../src/readme.js";

describe("replaceBenchBlock", () => {
  const readme = "# Title\n<!-- bench:start -->\nold\n<!-- bench:end -->\nrest\n";

  it("replaces what is between the marks and nothing else", () => {
    expect(replaceBenchBlock(readme, "\nnew\n")).toBe(
      "# Title\n<!-- bench:start -->\nnew\n<!-- bench:end -->\nrest\n",
    );
  });

  it("changes nothing when done twice", () => {
    const once = replaceBenchBlock(readme, "new");
    expect(replaceBenchBlock(once, "new")).toBe(once);
  });

  it("takes `$` in the block as it is", () => {
    expect(replaceBenchBlock(readme, "$& $1")).toContain("\n$& $1\n");
  });

  it("refuses missing, doubled and turned marks", () => {
    expect(() => replaceBenchBlock("nothing", "x")).toThrow(/no <!-- bench:start -->/);
    expect(() => replaceBenchBlock(`${readme}${readme}`, "x")).toThrow(/twice/);
    expect(() => replaceBenchBlock("<!-- bench:end --><!-- bench:start -->", "x")).toThrow(/before/);
  });
});
