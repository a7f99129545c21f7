import { readdir } from "node:fs/promises";
import { expect, test } from "vitest";
import { answering, assemble, heavy, nested } from "./modules.js";
import { temporaryDirectory, testCompiler } from "./temporary.js";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const whole = assemble(`(module (memory 1) (func (export "f") (result i32) (i32.load (i32.const 0))))`);

const cases: [name: string, module: Uint8Array, code: string, message: RegExp][] = [
  ["nothing", bytes(), "E_BAD_MODULE", /^the module is empty$/],
  ["text", new TextEncoder().encode("(module)"), "E_BAD_MODULE", /^not a WebAssembly module/],
  ["a picture", bytes(0x89, 0x50, 0x4e, 0x47), "E_BAD_MODULE", /^not a WebAssembly module/],
  ["half the magic number", bytes(0, 0x61), "E_BAD_MODULE", /truncated.*0x2/],
  ["the magic number alone", bytes(0, 0x61, 0x73, 0x6d), "E_BAD_MODULE", /truncated.*0x4/],
  [
    "an unknown version",
    bytes(0, 0x61, 0x73, 0x6d, 9, 0, 0, 0),
    "E_BAD_MODULE",
    /^WebAssembly version 9 is unknown/,
  ],
  [
    "a component of another version",
    bytes(0, 0x61, 0x73, 0x6d, 0x0c, 0, 1, 0),
    "E_BAD_MODULE",
    /component version 0xc/,
  ],
  [
    "a cut section",
    whole.subarray(0, whole.length - 3),
    "E_BAD_MODULE",
    /truncated|invalid module at offset 0x/,
  ],
  [
    "a type error",
    // (func (result i32)) with an empty body
    bytes(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7f, 3, 2, 1, 0, 10, 4, 1, 2, 0, 0x0b),
    "E_BAD_MODULE",
    /^invalid module at offset 0x[0-9a-f]+: type mismatch/,
  ],
  [
    "a section of 2^32 - 1 bytes",
    bytes(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0),
    "E_BAD_MODULE",
    /reaches past its end|truncated|unexpected end/,
  ],
  ["threads", assemble("(module (memory 1 1 shared))"), "E_UNSUPPORTED", /"threads".*at offset 0x/],
  ["64-bit memory", assemble("(module (memory i64 1))"), "E_UNSUPPORTED", /"memory64".*at offset 0x/],
  ["exceptions", assemble("(module (tag $t (param i32)))"), "E_UNSUPPORTED", /"exceptions".*at offset 0x/],
  ["externref", assemble("(module (table 1 externref))"), "E_UNSUPPORTED", /"gc-types".*at offset 0x/],
  [
    "a structure type",
    bytes(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x5f, 1, 0x7f, 0),
    "E_UNSUPPORTED",
    /"gc[a-z-]*".*at offset 0x/,
  ],
];

test.each(cases)("%s", async (_, module, code, message) => {
  const cacheDirectory = await temporaryDirectory();
  const compiler = testCompiler({ cacheDirectory });
  const failure = await compiler
    .compile(module, { machine: "kvm", fuel: false })
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ code, rawMessage: expect.stringMatching(message) });
  expect((failure as Error).message).not.toContain("\n");
  // A failure leaves nothing behind, and is a failure again.
  expect(await readdir(cacheDirectory)).toEqual([]);
  await expect(compiler.compile(module, { machine: "kvm", fuel: false })).rejects.toMatchObject({ code });
});

test("every cut of a module is refused in one line", async () => {
  const compiler = testCompiler();
  const outcomes = [];
  for (let length = 0; length < whole.length; length++) {
    outcomes.push(
      compiler.compile(whole.subarray(0, length), { machine: "soft", fuel: true }).catch((error) => error),
    );
  }
  const complete = (await Promise.all(outcomes)).map((outcome) => outcome.code ?? "compiled");
  // A module without its last sections may be whole again; it must never be anything but these two.
  expect(new Set(complete)).toEqual(new Set(["E_BAD_MODULE", "compiled"]));
  expect(complete[8]).toBe("compiled");
});

test("a module that is too large is refused by its size", async () => {
  const compiler = testCompiler({ moduleSize: 100 });
  const failure = compiler.compile(heavy(10, 10), { machine: "kvm", fuel: false });
  await expect(failure).rejects.toMatchObject({
    code: "E_LIMIT",
    rawMessage: expect.stringContaining("at most 100"),
  });
});

test("a result that is too large is refused", async () => {
  const compiler = testCompiler({ artifactSize: 1000 });
  const failure = compiler.compile(answering(1), { machine: "kvm", fuel: false });
  await expect(failure).rejects.toMatchObject({
    code: "E_LIMIT",
    rawMessage: expect.stringContaining("at most 1000"),
  });
});

test("text from the module is bounded and escaped", async () => {
  const name = `two\\0alines ${"x".repeat(2000)}`;
  const module = assemble(`(module (func $f) (export "${name}" (func $f)) (export "${name}" (func $f)))`);
  const compiler = testCompiler();
  const failure = await compiler
    .compile(module, { machine: "kvm", fuel: false })
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: "E_BAD_MODULE" });
  expect((failure as Error).message.length).toBeLessThan(600);
  expect((failure as Error).message).not.toContain("\n");
});

test("deep nesting is compiled or refused, and harms nothing", async () => {
  const compiler = testCompiler();
  const outcome = await compiler
    .compile(nested(50_000), { machine: "kvm", fuel: false })
    .catch((error: unknown) => error);
  expect(["E_LIMIT", "E_UNSUPPORTED", undefined]).toContain((outcome as { code?: string }).code);
  await expect(compiler.compile(answering(1), { machine: "kvm", fuel: false })).resolves.toBeDefined();
}, 60_000);
