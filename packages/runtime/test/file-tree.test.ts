import { describe, expect, it } from "vitest";
import { packFiles } from "../src/file-tree.js";

describe("file trees", () => {
  it("are packed one after the other, in the order of their paths", () => {
    const tree = packFiles({ "/b": "two", "/a/x": Uint8Array.of(1, 2), "/ü": "ß" });
    expect(tree.files).toEqual([
      { path: "/a/x", offset: 0, length: 2 },
      { path: "/b", offset: 2, length: 3 },
      { path: "/ü", offset: 5, length: 2 },
    ]);
    expect(tree.bytes).toEqual(Uint8Array.of(1, 2, 0x74, 0x77, 0x6f, 0xc3, 0x9f));
  });

  it("have equal keys exactly when they are equal", () => {
    const key = packFiles({ "/a": "12", "/b": "3" }).key;
    expect(packFiles({ "/b": "3", "/a": new TextEncoder().encode("12") }).key).toBe(key);
    expect(packFiles({ "/a": "1", "/b": "23" }).key).not.toBe(key);
    expect(packFiles({ "/a": "12", "/c": "3" }).key).not.toBe(key);
    expect(packFiles().key).toBe("");
  });

  it.each(["", "a", "/", "//", "/a/", "/a//b", "/.", "/a/../b", "/a\0b", `/${"x".repeat(5000)}`])(
    "path %j is refused",
    (path) => {
      expect(() => packFiles({ [path]: "" })).toThrow(/^E_OPTION: files: .* is no path/);
    },
  );

  it("a file is no directory", () => {
    expect(() => packFiles({ "/a/b": "", "/a/b/c/d": "" })).toThrow(
      'E_OPTION: files: "/a/b" is a file, but "/a/b/c/d" lies in it',
    );
    expect(packFiles({ "/a/b": "", "/a/bc": "" }).files).toHaveLength(2);
  });

  it("contents are bytes or text", () => {
    expect(() => packFiles({ "/a": 7 as never })).toThrow('E_OPTION: files: "/a" has 7 as its content');
  });
});
