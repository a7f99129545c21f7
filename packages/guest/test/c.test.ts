import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { packageDirectory } from "../scripts/compile.mjs";
import { expectRefusals, expectReuse, expectSoundAllocator } from "./support/allocator.js";
import { clangOptions, compiledC, missingClang } from "./support/compiled.js";
import { Guest, textOf, utf8 } from "./support/guest.js";
import { expectSameText } from "./support/text.js";

const hosted = clangOptions("c");
const freestanding = clangOptions("c-freestanding");
const builds = [
  ["wasi-libc", hosted],
  ["no C library", freestanding],
] as const;

/** Lines that start with clang in a document, without what names files. */
function buildLines(file: string): string[][] {
  const text = readFileSync(join(packageDirectory, file), "utf8");
  const lines = [...text.matchAll(/^[ *]*clang (--target=.*) -I \S+ guest\.c -o guest\.wasm$/gm)];
  return lines.map(([, options = ""]) => options.split(" "));
}

const source = `
#include "twinwall.h"

TWINWALL_FUNCTION(echo, input) { return input; }

TWINWALL_FUNCTION(check, input) {
  twinwall_check_utf8(input);
  return twinwall_none();
}

/* An allocation whose result turns out to be empty. */
TWINWALL_FUNCTION(nothing, input) {
  twinwall_bytes result = twinwall_new(1000 + input.length);
  result.length = 0;
  return result;
}

/* Fails with something on the stack. */
TWINWALL_EXPORT(sink) int32_t sink(int32_t depth) {
  volatile uint8_t local[64];
  local[0] = (uint8_t)depth;
  if (depth == 0) twinwall_fail_text(5, "deep down");
  return sink(depth - 1) + local[0];
}

TWINWALL_EXPORT(stack) uint32_t stack(void) {
  volatile uint8_t local = 0;
  volatile size_t place = (size_t)&local;
  return (uint32_t)place;
}
`;

describe("the documented build lines", () => {
  const documented = ["README.md", "c/twinwall.h"].map((file) => [file, buildLines(file)] as const);

  test.each(documented)("%s: work for C11 and C++17 without warnings", (_, lines) => {
    expect(lines.length).toBe(2);
  });

  for (const [file, lines] of documented) {
    for (const line of lines) {
      const missing = missingClang(line);
      test.for([["-std=c11"], ["-x", "c++", "-std=c++17"], ["-std=c11", "-O0"]])(
        `${file}: clang ${line[0]} … %s`,
        (language, { skip }) => {
          skip(missing !== undefined, missing);
          // Exceptions and the C++ library are no part of what the header needs.
          const cpp = language.includes("c++") ? ["-fno-exceptions", "-nostdlib++"] : [];
          const guest = new Guest(compiledC(source, [...line, ...language, ...cpp]));
          expect(textOf(guest.call("echo", utf8("hello")))).toBe("hello");
        },
      );
    }
  }
});

test("the header's own allocator joins free blocks, in whatever order they were freed", ({ skip }) => {
  const missing = missingClang(freestanding);
  skip(missing !== undefined, missing);
  const { exports } = new Guest(compiledC(source, freestanding));
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [0, 2, 1],
    [1, 0, 2],
  ]) {
    const blocks = [100, 200, 300].map((size) => exports.twinwall_allocate(size));
    const guard = exports.twinwall_allocate(16);
    for (const index of order) exports.twinwall_free(blocks[index] ?? 0, 0);
    const whole = exports.twinwall_allocate(600);
    expect(whole).toBe(blocks[0]);
    for (const pointer of [whole, guard]) exports.twinwall_free(pointer, 0);
  }
});

describe.each(builds)("a guest with %s", (_, options) => {
  const missing = missingClang(options);

  test("has a sound allocator", ({ skip }) => {
    skip(missing !== undefined, missing);
    expectSoundAllocator(new Guest(compiledC(source, options)), 16);
  });

  test("may consist of several files", ({ skip }) => {
    skip(missing !== undefined, missing);
    const second =
      '#include "twinwall.h"\nTWINWALL_EXPORT(second) int32_t second(void) { return twinwall_new(8).data != NULL; }\n';
    const guest = new Guest(compiledC(source, options, second));
    expect(guest.scalar("second")).toBe(1);
    expect(textOf(guest.call("echo", utf8("hello")))).toBe("hello");
  });

  test("takes up no more memory for inputs that grow", ({ skip }) => {
    skip(missing !== undefined, missing);
    expectReuse(new Guest(compiledC(source, options)));
  });

  test("has no memory for what is too large", ({ skip }) => {
    skip(missing !== undefined, missing);
    expectRefusals(new Guest(compiledC(source, options)));
  });

  test("frees results that turn out to be empty", ({ skip }) => {
    skip(missing !== undefined, missing);
    const guest = new Guest(compiledC(source, options));
    for (let call = 0; call < 1_000; call++) guest.call("nothing", utf8("some"));
    expect(guest.exports.memory.buffer.byteLength).toBeLessThanOrEqual(2 * 65_536);
  });

  // With optimization, and without: then each function keeps all that it has on the stack.
  test.for([[], ["-O0"]])("loses no stack by failures %s", (level, { skip }) => {
    skip(missing !== undefined, missing);
    const guest = new Guest(compiledC(source, [...options, ...level]));
    const fail = () => expect(() => guest.scalar("sink", 20)).toThrow("deep down");
    const before = Number(guest.scalar("stack"));
    fail();
    const after = Number(guest.scalar("stack"));
    // What `_initialize` itself had on the stack, where the compiler does not optimize.
    expect(before - after).toBeLessThanOrEqual(level.length === 0 ? 0 : 16);
    for (let call = 0; call < 10_000; call++) fail();
    expect(guest.scalar("stack")).toBe(after);
  });

  test("takes for text what is UTF-8", ({ skip }) => {
    skip(missing !== undefined, missing);
    const guest = new Guest(compiledC(source, options));
    expectSameText((bytes) => guest.call("check", bytes));
  });
});
