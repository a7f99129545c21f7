import { describe, expect, it } from "vitest";
import { showBytes, showName, showText } from "../src/text.js";

describe("text of a guest", () => {
  it.each([
    ["plain, grüße, 日本", "plain, grüße, 日本"],
    ["a\nb\r\tc\0", "a\\nb\\r\\tc\\0"],
    ["\u001b[31mred\u0007", "\\x1b[31mred\\x07"],
    ["abc\u202edef", "abc\\u{202e}def"],
    ["line\u2028end", "line\\u{2028}end"],
    ["lone \ud800 half", "lone \\u{d800} half"],
  ])("%j is shown as %j", (text, shown) => {
    expect(showText(text)).toBe(shown);
  });

  it("is cut, and the cut is told", () => {
    expect(showText("x".repeat(10), 4)).toBe("xxxx… (6 more characters)");
    expect(showText("ab😀", 3)).toBe("ab… (2 more characters)");
  });

  it("is decoded from bad UTF-8 without failing", () => {
    expect(showBytes(Uint8Array.of(0x61, 0xff, 0x62))).toBe("a\ufffdb");
  });

  it("names stand in quotes", () => {
    expect(showName('a"b')).toBe('"a\\"b"');
  });
});
