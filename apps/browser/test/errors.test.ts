import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect, onTestFinished, test } from "vitest";
import type { LimitTexts } from "../src/text.js";
import { callInNode, refusalInNode } from "./support/in-node.js";
import { assemble, example } from "./support/modules.js";
import {
  call,
  chooseExample,
  chooseModule,
  dropFile,
  outcome,
  refusal,
  setLimits,
  settled,
  shown,
  start,
} from "./support/page-object.js";
import { openPage, useSite } from "./support/site.js";

const site = useSite();

/** Makes a call in the page and in Node: both must say the same. Returns the error. */
async function sameError(
  page: Page,
  module: Uint8Array,
  name: string,
  input: string,
  limits: Partial<LimitTexts> = {},
): Promise<string> {
  const { result, error, backtrace } = await callInNode(module, name, input, limits);
  expect(await call(page, name, input)).toEqual({ result, error, backtrace });
  return error;
}

/** The page goes on as if nothing had been. */
async function expectAnswer(page: Page): Promise<void> {
  expect(await call(page, "answer", "[]")).toEqual({ result: "42", error: "", backtrace: "" });
}

const good = assemble(
  `(module (memory (export "memory") 1) (func (export "answer") (result i32) (i32.const 42)))`,
);

const refused: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ["an empty file", new Uint8Array(), /^E_BAD_MODULE: /],
  ["text", new TextEncoder().encode("(module)"), /^E_BAD_MODULE: the module is neither/],
  ["a module cut within its header", good.subarray(0, 6), /^E_BAD_MODULE: .*cut short/],
  ["a module cut within a section", good.subarray(0, good.length - 25), /^E_BAD_MODULE: /],
  ["bytes that are no code", Uint8Array.from([...good.subarray(0, 8), 10, 3, 1, 1, 255]), /^E_BAD_MODULE: /],
  ["threads", assemble("(module (memory 1 1 shared))"), /^E_UNSUPPORTED: /],
  ["a component of another version", Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0c, 0, 1, 0), /^E_BAD_MODULE: /],
  ["an unknown import", assemble(`(module (import "env" "secret" (func)))`), /^E_IMPORT: .*secret/],
  ["a host function", assemble(`(module (import "twinwall" "now" (func (result i64))))`), /^E_IMPORT: .*now/],
  ["too much memory", assemble("(module (memory 1000))"), /^E_MEMORY: /],
  [
    "a start function that traps",
    assemble("(module (func $go unreachable) (start $go))"),
    /^E_TRAP: .*\n0: go /,
  ],
  [
    "a start function without end",
    assemble("(module (func $go (loop (br 0))) (start $go))"),
    /^E_DEADLINE: /,
  ],
];

test("bad modules are refused as in Node, one after the other, and a good one works afterwards", async () => {
  const page = await openPage(site());
  for (const [what, module, expected] of refused) {
    await chooseModule(page, module, "bad.wasm");
    const error = await refusal(page);
    expect(error, what).toMatch(expected);
    expect(error, what).toBe(await refusalInNode(module));
    expect(await page.textContent("#module"), what).toBe("bad.wasm: refused");
    expect(await page.getByRole("button", { name: "Run" }).isDisabled(), what).toBe(true);
  }
  await chooseModule(page, good);
  await expectAnswer(page);
}, 120_000);

test("a file that is too large is refused as in Node, and not even read", async () => {
  const folder = await mkdtemp(join(tmpdir(), "twinwall-large-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const large = new Uint8Array(64 * 2 ** 20 + 1);
  large.set(good);
  await writeFile(join(folder, "large.wasm"), large);
  const page = await openPage(site());
  await page.setInputFiles("#file", join(folder, "large.wasm"));
  await settled(page, "large.wasm");
  const error = await refusal(page);
  expect(error).toMatch(/^E_LIMIT: /);
  expect(error).toBe(await refusalInNode(large));
});

test("a file that cannot be read any more says so", async () => {
  const folder = await mkdtemp(join(tmpdir(), "twinwall-gone-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "gone.wasm");
  await writeFile(file, good);
  const page = await openPage(site());
  // The page reads the file when it hears of it: until then it changes under the browser's eyes.
  await page.evaluate(() => {
    const { arrayBuffer } = File.prototype;
    File.prototype.arrayBuffer = async function (this: File) {
      await new Promise<void>((resolve) => Object.assign(globalThis, { go: resolve }));
      return arrayBuffer.call(this);
    };
  });
  await page.setInputFiles("#file", file);
  await rm(folder, { recursive: true });
  await page.evaluate(() => (globalThis as unknown as { go: () => void }).go());
  await settled(page, "gone.wasm");
  expect(await refusal(page)).toMatch(/^E_NO_FILE: /);
});

test("a module without functions for the page says why there is nothing to call", async () => {
  const page = await openPage(site());
  const nothing = [
    [assemble("(module)"), "it exports no function that can be called"],
    [assemble(`(module (func (export "v") (param v128)))`), "it exports no function that can be called"],
    [
      assemble(`(module (memory (export "memory") 1) (func (export "_start")))`),
      "it is a WASI command, and this page calls functions",
    ],
  ] as const;
  for (const [module, reason] of nothing) {
    await chooseModule(page, module);
    expect(await page.textContent("#module")).toBe(`test.wasm: ${reason}`);
    expect(await page.getByRole("button", { name: "Run" }).isDisabled()).toBe(true);
  }
});

const badLimits: readonly (readonly [keyof LimitTexts, string])[] = [
  ["memory", "16 potatoes"],
  ["memory", "16777216"],
  ["memory", ""],
  ["memory", "99999GiB"],
  ["deadline", "soon"],
  ["deadline", "0s"],
  ["fuel", "lots"],
  ["fuel", "-5"],
  ["fuel", "1e6"],
  ["fuel", "99999999999999999999999"],
];

test("bad limits are refused as in Node, and mended in their field", async () => {
  const page = await openPage(site());
  await chooseModule(page, good);
  const invalid = page.locator("[aria-invalid=true]");
  for (const [name, value] of badLimits) {
    await setLimits(page, { [name]: value });
    await settled(page, "test.wasm");
    const error = await refusal(page);
    expect(error).toMatch(new RegExp(`^E_OPTION: ${name}: `));
    expect(error).toBe(await refusalInNode(good, { [name]: value }));
    expect(await invalid.evaluateAll((fields) => fields.map(({ id }) => id))).toEqual([name]);
    await setLimits(page, { [name]: { memory: "1MiB", deadline: "none", fuel: "off" }[name] });
    await settled(page, "test.wasm");
    expect([await invalid.count(), await refusal(page)]).toEqual([0, ""]);
    await expectAnswer(page);
  }
});

test("arguments that are no JSON list are refused before the call", async () => {
  const page = await openPage(site());
  await chooseExample(page, "numbers");
  for (const input of ["[1", "fib", "[1,]", "NaN"]) {
    expect((await call(page, "fib", input)).error, input).toMatch(/^E_TYPE: the arguments are not JSON: /);
  }
  for (const input of ["1", "{}", "null", '"[1]"']) {
    expect((await call(page, "fib", input)).error, input).toBe(
      "E_TYPE: the arguments must be a JSON list, for example [1, 2]",
    );
  }
  expect((await call(page, "fib", "[10]")).result).toBe("55");
});

test("values of wrong types are refused as in Node", async () => {
  const page = await openPage(site());
  await chooseExample(page, "numbers");
  const module = await example("numbers");
  const cases = [
    ["fib", "[]"],
    ["fib", "[1, 2]"],
    ["fib", '["1"]'],
    ["fib", "[1.5]"],
    ["fib", "[2147483648]"],
    ["fib", "[null]"],
    ["fib", "[[1]]"],
    ["fib", '[{"valueOf": 1}]'],
    ["add64", '["1", "one"]'],
    ["add64", "[1, 1.5]"],
    ["add64", "[1, 9007199254740992]"],
    ["add64", '["9223372036854775808", "1"]'],
    ["root", '["2"]'],
    ["root", "[true]"],
  ] as const;
  for (const [name, input] of cases) {
    expect(await sameError(page, module, name, input), `${name} ${input}`).toMatch(
      new RegExp(`^E_TYPE: function "${name}"`),
    );
  }
});

test("a trap names its reason and its frames, as in Node", async () => {
  const page = await openPage(site());
  await chooseExample(page, "numbers");
  expect(await sameError(page, await example("numbers"), "divide", "[1, 0]")).toMatch(/^E_TRAP: .*zero/);
  expect((await shown(page)).backtrace).toMatch(/^0: divide /);
  await chooseExample(page, "hostile");
  expect(await sameError(page, await example("hostile"), "outside", "[]")).toMatch(
    /^E_TRAP: .*out of bounds/,
  );
  await expectAnswer(page);
});

test("endless recursion ends with a trap, and the page goes on", async () => {
  const page = await openPage(site());
  await chooseExample(page, "hostile");
  expect(await sameError(page, await example("hostile"), "recurse", "[1]")).toMatch(/^E_TRAP: .*stack/);
  expect((await shown(page)).backtrace.split("\n").length).toBeGreaterThan(10);
  await expectAnswer(page);
});

test("an endless loop ends with its deadline, meanwhile the page answers, afterwards it works", async () => {
  const page = await openPage(site());
  await setLimits(page, { deadline: "500ms", fuel: "off" });
  await chooseExample(page, "hostile");
  await start(page, "spin", "[]");
  expect(await page.textContent("#progress")).toBe("Running …");
  const turns = await page.evaluate(async () => {
    let turns = 0;
    while (document.getElementById("error")?.textContent === "") {
      await new Promise((resolve) => setTimeout(resolve, 1));
      turns += 1;
    }
    return turns;
  });
  expect(turns).toBeGreaterThan(20);
  const expected = await callInNode(await example("hostile"), "spin", "[]", {
    deadline: "500ms",
    fuel: "off",
  });
  expect(await outcome(page)).toMatchObject({ error: expected.error, result: "" });
  expect(expected.error).toMatch(/^E_DEADLINE: /);
  await expectAnswer(page);
});

test("a guest that wants all memory, or table entries, gets what its limit says, as in Node", async () => {
  const page = await openPage(site());
  const module = await example("hostile");
  for (const [name, memory] of [
    ["devour", "16MiB"],
    ["devour", "64MiB"],
    ["hoard", "16MiB"],
  ] as const) {
    await setLimits(page, { memory });
    await chooseModule(page, module);
    const { result, error, backtrace } = await callInNode(module, name, "[]", { memory });
    expect(error).toBe("");
    expect(Number(result)).toBeGreaterThan(200);
    expect(await call(page, name, "[]", 3), `${name} of ${memory}`).toEqual({ result, error, backtrace });
    await expectAnswer(page);
  }
});

test("a start function without end does not hold the page, and another module ends it", async () => {
  const page = await openPage(site());
  const endless = assemble("(module (func $go (loop (br 0))) (start $go))");
  await setLimits(page, { deadline: "none" });
  const file = { name: "endless.wasm", mimeType: "application/wasm", buffer: Buffer.from(endless) };
  await page.setInputFiles("#file", file);
  const turns = await page.evaluate(async () => {
    const end = performance.now() + 2000;
    let turns = 0;
    while (performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      turns += 1;
    }
    return turns;
  });
  expect(turns).toBeGreaterThan(20);
  expect(await page.textContent("#module")).toBe("endless.wasm: compiling …");
  await chooseModule(page, good);
  await expectAnswer(page);
});

test("a page's Worker that breaks is told of, and another one takes its place", async () => {
  const page = await openPage(site(), { breaks: true });
  await chooseModule(page, good);
  await expectAnswer(page);
  const [worker] = page.workers();
  await worker?.evaluate(() => {
    globalThis.postMessage = () => {
      throw new Error("cannot answer");
    };
  });
  const lost = await call(page, "answer", "[]");
  expect(lost.error).toMatch(/^E_INTERNAL: the page's Worker ended: .*cannot answer/);
  expect(await page.textContent("#module")).toBe("test.wasm: lost, choose it once more");
  expect(await page.getByRole("button", { name: "Run" }).isDisabled()).toBe(true);
  await chooseModule(page, good);
  await expectAnswer(page);
});

test("more memory than a machine can have is refused as in Node, and the page goes on", async () => {
  const page = await openPage(site());
  const limits = { memory: "16GiB" };
  await setLimits(page, limits);
  const module = assemble("(module (memory 65535))");
  await chooseModule(page, module);
  expect(await refusal(page)).toMatch(/^E_MEMORY: /);
  expect(await refusal(page)).toBe(await refusalInNode(module, limits));
  await setLimits(page, { memory: "16MiB" });
  await chooseModule(page, good);
  await expectAnswer(page);
});

test("an input that is too large is refused as in Node", async () => {
  const page = await openPage(site());
  await chooseExample(page, "echo");
  const module = await example("echo");
  const large = "x".repeat(2 ** 20);
  expect(await sameError(page, module, "echo", large)).toMatch(/^E_MEMORY: /);
  const limits = { memory: "256KiB" };
  await setLimits(page, limits);
  await settled(page, "echo.wasm");
  expect(await sameError(page, module, "echo", large, limits)).toMatch(/^E_LIMIT: /);
  expect((await call(page, "echo", "x".repeat(50_000))).result).toMatch(
    /^x{10000} … \(50000 bytes in all\)$/,
  );
});

test("a result that is too large is refused as in Node", async () => {
  const module = assemble(`(module
    (memory (export "memory") 32)
    (func (export "twinwall_allocate") (param i32) (result i32) (i32.const 64))
    (func (export "much") (param i32 i32) (result i64) (i64.const ${2 ** 20 + 1}))
    (func (export "lies") (param i32 i32) (result i64) (i64.const -1))
    (func (export "answer") (result i32) (i32.const 42)))`);
  const page = await openPage(site());
  await chooseModule(page, module);
  expect(await sameError(page, module, "much", "")).toMatch(/^E_LIMIT: /);
  expect(await sameError(page, module, "lies", "")).toMatch(/^E_(BAD_REPLY|LIMIT): /);
  await expectAnswer(page);
});

test("a number of calls that is none is refused by the form", async () => {
  const page = await openPage(site());
  await chooseModule(page, good);
  for (const count of ["0", "1001", "1.5", ""]) {
    await page.getByLabel("Calls").fill(count);
    await page.getByRole("button", { name: "Run" }).click();
    expect(await page.locator("#count:invalid").count(), count).toBe(1);
    expect(await page.textContent("#progress")).toBe("No call yet.");
  }
});

test("what is dropped but no file is ignored", async () => {
  const page = await openPage(site());
  await chooseModule(page, good);
  const transfer = await page.evaluateHandle(() => {
    const text = new DataTransfer();
    text.setData("text/plain", "hello");
    return text;
  });
  await page.dispatchEvent("#drop", "drop", { dataTransfer: transfer });
  await expectAnswer(page);
  await dropFile(page, "#drop", new Uint8Array(), "empty.wasm");
  await settled(page, "empty.wasm");
  expect(await refusal(page)).toMatch(/^E_BAD_MODULE: /);
});
