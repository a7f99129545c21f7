import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { packageDirectory } from "../scripts/compile.mjs";
import { expectRefusals, expectReuse, expectSoundAllocator } from "./support/allocator.js";
import { Guest, textOf, utf8 } from "./support/guest.js";
import { expectSameText } from "./support/text.js";

// What needs no sandbox; the crate's own tests run on the machine that builds it, where it has no allocator to export.
function open(): Guest {
  const lookup = (word: Uint8Array) => (textOf(word) === "wall" ? utf8("known") : new Uint8Array(0));
  return new Guest(readFileSync(join(packageDirectory, "artifacts/rust.wasm")), { lookup });
}

test("the exported allocator is sound", () => {
  expectSoundAllocator(open(), 8);
});

test("inputs that grow take up no more memory", () => {
  expectReuse(open());
});

test("there is no memory for what is too large", () => {
  expectRefusals(open());
});

test("text is what is UTF-8", () => {
  const guest = open();
  expectSameText((bytes) => guest.call("greet", bytes));
});

test("an answer of the host that is no text is reported", () => {
  const guest = new Guest(readFileSync(join(packageDirectory, "artifacts/rust.wasm")), {
    lookup: () => Uint8Array.of(0xff),
  });
  expect(() => guest.call("count_words", utf8("word"))).toThrow(
    /^host function `lookup`: the host's answer is not/,
  );
});

test("static results are given back without harm", () => {
  const guest = open();
  for (let call = 0; call < 1_000; call++) expect(textOf(guest.call("language"))).toBe("Rust");
});
