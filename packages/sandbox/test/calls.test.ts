import { describe, expect, it } from "vitest";
import { Sandbox, type ScalarValue } from "../src/index.js";
import { errorOf } from "./support/errors.js";
import { needsMachine } from "./support/machine.js";
import { assemble, moduleOf, textOf, utf8 } from "./support/modules.js";
import { openSandbox } from "./support/sandbox.js";

needsMachine();

describe("scalar functions", () => {
  const sandbox = openSandbox({ module: () => moduleOf("scalars") });

  it.each<[string, ScalarValue[], unknown]>([
    ["add", [1, 2], 3],
    ["add", [2147483647, 1], -2147483648],
    ["add64", [9223372036854775807n, 1n], -9223372036854775808n],
    ["half", [5], 2.5],
    ["half", [Number.NaN], Number.NaN],
    ["root", [2], Math.SQRT2],
    ["root", [Number.POSITIVE_INFINITY], Number.POSITIVE_INFINITY],
    ["mixed", [-1, 2n ** 40n, 0.5, 0.25], 2 ** 40 - 0.25],
    ["divmod", [-7, 2], [-3, -1]],
    ["nothing", [], undefined],
  ])("%s%o is %o", (name, values, expected) => {
    expect(sandbox().call(name, ...values)).toEqual(expected);
  });

  it.each<[string, unknown[], string]>([
    ["add", [1], 'function "add": expected 2 arguments (i32, i32), found 1'],
    ["add", [1, 2, 3], 'function "add": expected 2 arguments (i32, i32), found 3'],
    ["add", [1, "2"], 'function "add", parameter 2: expected i32'],
    ["add", [1.5, 2], 'function "add", parameter 1: expected i32'],
    ["add", [2 ** 31, 2], 'function "add", parameter 1: expected i32'],
    ["add", [1n, 2], 'function "add", parameter 1: expected i32'],
    ["add64", [1, 2n], 'function "add64", parameter 1: expected i64'],
    ["half", [1n], 'function "half", parameter 1: expected f32'],
    ["root", [undefined], "parameter 1: expected f64 (a number), found undefined"],
    ["vector", [0], 'function "vector": expected scalars only, found v128'],
  ])("%s%o is E_TYPE, naming what is wrong", async (name, values, message) => {
    const error = await errorOf(() => sandbox().call(name, ...(values as ScalarValue[])));
    expect(error.code).toBe("E_TYPE");
    expect(error.message).toContain(message);
  });

  it("an unknown function is E_NO_FUNCTION, naming it and those that there are", async () => {
    const error = await errorOf(() => sandbox().call("ad"));
    expect(error.code).toBe("E_NO_FUNCTION");
    expect(error.message).toContain('the module exports no function "ad"; it exports "add", "add64"');
    expect((await errorOf(() => sandbox().call("toString"))).code).toBe("E_NO_FUNCTION");
  });

  it("an export that is no function is told as what it is", async () => {
    expect((await errorOf(() => sandbox().call("answer"))).message).toBe(
      'E_NO_FUNCTION: the module exports "answer" as a global, not a function',
    );
  });

  it("each call starts from the same state", () => {
    expect([sandbox().call("count"), sandbox().call("count")]).toEqual([1, 1]);
  });

  it("the functions are listed", () => {
    expect(sandbox().functions.find(({ name }) => name === "divmod")).toEqual({
      name: "divmod",
      parameters: ["i32", "i32"],
      results: ["i32", "i32"],
      bytes: false,
      scalar: true,
      typed: false,
    });
  });
});

describe("functions on bytes", () => {
  const sandbox = openSandbox({ module: () => moduleOf("bytes") });

  it.each([0, 1, 7, 8, 128, 4096, 40_000])("%d bytes come back as they are", (length) => {
    const input = Uint8Array.from({ length }, (_, index) => index * 31 + length);
    expect(Buffer.compare(sandbox().callBytes("echo", input), input)).toBe(0);
  });

  it("without an input, the input is empty", () => {
    expect(sandbox().callBytes("echo")).toEqual(new Uint8Array(0));
  });

  it("a result is the caller's: later calls leave it alone", () => {
    const first = sandbox().callBytes("echo", utf8("first"));
    sandbox().callBytes("echo", utf8("other"));
    expect(textOf(first)).toBe("first");
  });

  it("callInto writes the result and gives its length", () => {
    const output = new Uint8Array(8).fill(0xee);
    expect(sandbox().callInto("echo", utf8("hello"), output)).toBe(5);
    expect(output).toEqual(Uint8Array.of(0x68, 0x65, 0x6c, 0x6c, 0x6f, 0xee, 0xee, 0xee));
  });

  it("callInto works on a part of a larger buffer", () => {
    const buffer = new Uint8Array(32).fill(1);
    expect(sandbox().callInto("echo", buffer.subarray(0, 4), buffer.subarray(16, 24))).toBe(4);
    expect(Array.from(buffer.subarray(12, 24))).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    expect(sandbox().callInto("echo", utf8("abcd"), buffer.subarray(16, 20))).toBe(4);
    expect(textOf(buffer.subarray(16, 20))).toBe("abcd");
    expect(buffer[20]).toBe(1);
  });

  it("a result longer than the output is E_LIMIT, and nothing is written", async () => {
    const output = new Uint8Array(4).fill(0xee);
    expect((await errorOf(() => sandbox().callInto("echo", utf8("hello"), output))).code).toBe("E_LIMIT");
    expect(output).toEqual(new Uint8Array(4).fill(0xee));
    expect(sandbox().callInto("echo", utf8("four"), output)).toBe(4);
  });

  it("a result longer than the first buffer arrives whole", () => {
    const result = sandbox().callBytes("large");
    expect(result.length).toBe(60_000);
    expect(textOf(result.subarray(16, 29))).toBe("no such color");
  });

  it("callMany calls once for each input, in order and in one state", () => {
    const sums = sandbox().callMany("sum", [Uint8Array.of(1, 2), Uint8Array.of(), Uint8Array.of(10)]);
    expect(sums.map((sum) => sum[0])).toEqual([3, 3, 13]);
    expect(sandbox().call("total")).toBe(0);
    expect(sandbox().callMany("echo", [])).toEqual([]);
  });

  it("64 inputs take one exit", () => {
    const inputs = Array.from({ length: 64 }, (_, index) => utf8(`item ${index}`));
    expect(sandbox().callMany("echo", inputs).map(textOf)).toEqual(inputs.map(textOf));
    expect(sandbox().stats().exits).toBe(1);
  });

  it("a call takes one exit", () => {
    sandbox().callBytes("echo", new Uint8Array(128));
    expect(sandbox().stats().exits).toBe(1);
  });

  it.each<[string, () => unknown, string]>([
    ["text", () => "hello", 'function "echo", input: expected a Uint8Array, found "hello"'],
    ["an ArrayBuffer", () => new ArrayBuffer(4), "found a value of type ArrayBuffer"],
    [
      "shared memory",
      () => new Uint8Array(new SharedArrayBuffer(4)),
      "found a Uint8Array over a SharedArrayBuffer",
    ],
    ["a resizable buffer", () => resizable(4), "found a Uint8Array over a resizable ArrayBuffer"],
  ])("%s is refused as input and as output", async (_, value, message) => {
    const bad = value() as Uint8Array;
    for (const attempt of [
      () => sandbox().callBytes("echo", bad),
      () => sandbox().callInto("echo", bad, new Uint8Array(4)),
      () => sandbox().callMany("echo", [bad]),
    ]) {
      const error = await errorOf(attempt);
      expect(error.code).toBe("E_TYPE");
      expect(error.message).toContain(message.replace('function "echo", input: ', ""));
    }
    const error = await errorOf(() => sandbox().callInto("echo", new Uint8Array(4), bad));
    expect(error.message).toContain('function "echo", output: expected a Uint8Array');
  });

  it("a function of another shape is E_TYPE, with both shapes", async () => {
    const error = await errorOf(() => sandbox().callBytes("wrong", utf8("x")));
    expect(error.message).toBe('E_TYPE: function "wrong": expected (i32, i32) -> i64, found (i32) -> i32');
  });

  it("an input larger than the memory limit is E_LIMIT, one that the allocator refuses E_MEMORY", async () => {
    expect((await errorOf(() => sandbox().callBytes("echo", new Uint8Array(65 * 2 ** 20)))).code).toBe(
      "E_LIMIT",
    );
    expect((await errorOf(() => sandbox().callBytes("echo", new Uint8Array(62_000)))).code).toBe("E_MEMORY");
    expect(textOf(sandbox().callBytes("echo", utf8("fine again")))).toBe("fine again");
  });

  it("a result outside of memory is refused", async () => {
    const error = await errorOf(() => sandbox().callBytes("outside", utf8("x")));
    expect(error.code).toBe("E_BAD_REPLY");
    expect(error.message).toMatch(
      /function "outside": the function returned \d+ bytes at 0x[0-9a-f]+, which lies outside memory/,
    );
  });

  it("a failure that the guest reports is E_GUEST_ERROR with its code and text, escaped", async () => {
    const error = await errorOf(() => sandbox().callBytes("refuse"));
    expect(error.code).toBe("E_GUEST_ERROR");
    expect(error.guestCode).toBe(42);
    expect(error.message).toContain("no such color\\n");
  });
});

describe("modules that lack a piece", () => {
  it.each([
    [
      "memory",
      '(func (export "f") (param i32 i32) (result i64) (i64.const 0))',
      "E_BAD_MODULE",
      'memory "memory"',
    ],
    [
      "allocator",
      '(memory (export "memory") 1) (func (export "f") (param i32 i32) (result i64) (i64.const 0))',
      "E_BAD_MODULE",
      'function "twinwall_allocate"',
    ],
    [
      "allocator of the right shape",
      `(memory (export "memory") 1) (func (export "twinwall_allocate") (param i64) (result i32) (i32.const 0))
       (func (export "f") (param i32 i32) (result i64) (i64.const 0))`,
      "E_TYPE",
      'function "twinwall_allocate": expected (i32) -> i32, found (i64) -> i32',
    ],
  ])("no %s: the piece is named, and scalar calls work", async (_, text, code, message) => {
    const sandbox = await Sandbox.create({
      module: assemble(`(module ${text} (func (export "three") (result i32) (i32.const 3)))`),
    });
    const error = await errorOf(() => sandbox.callBytes("f", utf8("x")));
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
    expect(sandbox.call("three")).toBe(3);
    expect(sandbox.call("f", 0, 0)).toBe(0n);
    sandbox.close();
  });
});

function resizable(length: number): Uint8Array {
  const Resizable = ArrayBuffer as new (length: number, options: { maxByteLength: number }) => ArrayBuffer;
  return new Uint8Array(new Resizable(length, { maxByteLength: 2 * length }));
}
