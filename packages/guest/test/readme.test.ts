import { describe, expect, test } from "vitest";
import {
  clangOptions,
  compiledAssemblyScriptProject,
  compiledC,
  missingClang,
  readmeBlock,
  readmeText,
} from "./support/compiled.js";
import { Guest, textOf, utf8 } from "./support/guest.js";

// The README's Rust runs with the tests of the crate.
const languages = {
  AssemblyScript: {
    missing: undefined,
    module: () =>
      compiledAssemblyScriptProject(readmeBlock("typescript"), readmeText(/an `asconfig\.json` of `(.*?)`/)),
  },
  "C with wasi-libc": {
    missing: missingClang(clangOptions("c")),
    module: () => compiledC(readmeBlock("c"), clangOptions("c")),
  },
  "C alone": {
    missing: missingClang(clangOptions("c-freestanding")),
    module: () => compiledC(readmeBlock("c"), clangOptions("c-freestanding")),
  },
};

describe.each(Object.entries(languages))("the README's guest in %s", (_, { missing, module }) => {
  test("explains words and adds numbers", ({ skip }) => {
    skip(missing !== undefined, missing);
    const meanings = new Map([["wall", "what keeps things apart"]]);
    const guest = new Guest(module(), { lookup: (word) => utf8(meanings.get(textOf(word)) ?? "") });
    expect(textOf(guest.call("explain", utf8("wall")))).toBe("what keeps things apart");
    expect(() => guest.call("explain", utf8("wal"))).toThrow(/^nobody knows/);
    expect(() => guest.call("explain", utf8("wal"))).toThrow(expect.objectContaining({ code: 7 }));
    expect(guest.scalar("add", 2, 3)).toBe(5);
  });
});
