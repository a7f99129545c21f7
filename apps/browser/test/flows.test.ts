import { expect, test } from "vitest";
import { sizeText } from "../src/text.js";
import { callInNode } from "./support/in-node.js";
import { assemble, example } from "./support/modules.js";
import {
  call,
  chooseExample,
  chooseModule,
  dropFile,
  figures,
  outcome,
  setLimits,
  settled,
  shown,
  start,
} from "./support/page-object.js";
import { openPage, useSite } from "./support/site.js";

const site = useSite();

const answer = (number: number): Uint8Array =>
  assemble(`(module (func (export "answer") (result i32) (i32.const ${number})))`);

test("says which machine it has, and that there is no module yet", async () => {
  const page = await openPage(site());
  expect(await page.textContent("#machine")).toBe(
    "Machine soft, as this is a browser. Calls run in Workers.",
  );
  expect(await page.textContent("#module")).toBe("No module yet.");
  expect(await page.getByRole("button", { name: "Run" }).isDisabled()).toBe(true);
  expect(await page.getByLabel("Function").isDisabled()).toBe(true);
});

test("an example's function on bytes gives result, fuel and memory of Node, and latencies", async () => {
  const page = await openPage(site());
  await chooseExample(page, "echo");
  expect(await page.getByLabel("Function").locator("option").allTextContents()).toEqual([
    "echo (bytes) → bytes",
    "upper (bytes) → bytes",
    "count () → i32",
  ]);
  const text = "größer, 大きい, 🧱\n";
  for (const name of ["echo", "upper"]) {
    const expected = await callInNode(await example("echo"), name, text);
    expect(await call(page, name, text, 50)).toEqual({
      result: expected.result,
      error: "",
      backtrace: "",
    });
    expect(await figures(page)).toEqual({
      Fuel: expected.fuel.toLocaleString("en-US"),
      Memory: sizeText(expected.memoryBytes),
      "First call": expect.stringMatching(/^[\d.]+ (µs|ms|s)$/),
      Median: expect.stringMatching(/^[\d.]+ (µs|ms|s)$/),
      "99th percentile": expect.stringMatching(/^[\d.]+ (µs|ms|s)$/),
    });
  }
  expect(await page.textContent("#result")).toBe(text.replace(/[a-z]/g, (letter) => letter.toUpperCase()));
});

test("the plot has a dot for each call, a scale and a caption", async () => {
  const page = await openPage(site());
  expect(await page.locator("#latencies").isVisible()).toBe(false);
  await chooseExample(page, "echo");
  await call(page, "echo", "hello", 30);
  const plot = page.getByRole("img", { name: "Latency of each call" });
  expect(await plot.locator("circle").count()).toBe(30);
  const labels = await plot.locator("text").allTextContents();
  expect(labels.length).toBeGreaterThan(1);
  for (const label of labels) expect(label).toMatch(/^1(0|00)? (µs|ms|s)$/);
  expect(await page.textContent("#caption")).toContain("Latency of 30 calls");
  const box = await plot.boundingBox();
  for (const dot of await plot.locator("circle").all()) {
    const { x = 0, y = 0 } = (await dot.boundingBox()) ?? {};
    expect(x).toBeGreaterThan(box?.x ?? 0);
    expect(x).toBeLessThan((box?.x ?? 0) + (box?.width ?? 0));
    expect(y).toBeGreaterThan(box?.y ?? 0);
    expect(y).toBeLessThan((box?.y ?? 0) + (box?.height ?? 0));
  }
  await call(page, "echo", "hello", 1);
  expect(await plot.locator("circle").count()).toBe(1);
  expect(await page.textContent("#caption")).toContain("Latency of 1 call,");
});

test("functions on scalars: i64 as strings, several results, what JSON has no number for", async () => {
  const page = await openPage(site());
  await chooseExample(page, "numbers");
  const module = await example("numbers");
  const cases = [
    ["fib", "[20]", "6765"],
    ["add64", '["9007199254740993", "1"]', '"9007199254740994"'],
    ["add64", "[1, -2]", '"-1"'],
    ["divide", "[-7, 2]", "[-3, -1]"],
    ["root", "[2]", "1.4142135623730951"],
    ["root", "[-1]", '"NaN"'],
    ["root", '["Infinity"]', '"Infinity"'],
  ] as const;
  for (const [name, input, result] of cases) {
    const expected = await callInNode(module, name, input);
    expect(expected.result, `${name} in Node`).toBe(result);
    expect((await call(page, name, input)).result, name).toBe(result);
    expect((await figures(page))["Fuel"], name).toBe(expected.fuel.toLocaleString("en-US"));
  }
});

test("an input to begin with fits the function, and what was written stays", async () => {
  const page = await openPage(site());
  const input = page.getByLabel("Input");
  await chooseExample(page, "echo");
  expect(await input.inputValue()).toBe("hello");
  await chooseExample(page, "numbers");
  expect(await input.inputValue()).toBe("[10]");
  await page.getByLabel("Function").selectOption("add64");
  expect(await input.inputValue()).toBe('["10","10"]');
  expect(await page.textContent("#input-hint")).toBe("A JSON list: [i64, i64]. An i64 may be a string.");
  await input.fill("[3]");
  await page.getByLabel("Function").selectOption("fib");
  expect(await input.inputValue()).toBe("[3]");
});

test("each call has a clean slate", async () => {
  const page = await openPage(site());
  await chooseExample(page, "echo");
  expect((await call(page, "count", "[]", 20)).result).toBe("1");
});

test("bytes that are no text are shown in hexadecimal, no bytes and no result as such", async () => {
  const page = await openPage(site());
  await chooseModule(
    page,
    assemble(`(module
      (memory (export "memory") 1) (data (i32.const 0) "\\ff\\00\\01")
      (func (export "twinwall_allocate") (param i32) (result i32) (i32.const 64))
      (func (export "some") (param i32 i32) (result i64) (i64.const 3))
      (func (export "none") (param i32 i32) (result i64) (i64.const 0))
      (func (export "nothing")))`),
  );
  expect((await call(page, "some", "")).result).toBe("3 bytes: ff 00 01");
  expect((await call(page, "none", "")).result).toBe("(0 bytes)");
  expect((await call(page, "nothing", "")).result).toBe("(no result)");
});

test("a file can be chosen twice, and dropped anywhere on the page", async () => {
  const page = await openPage(site());
  for (const number of [7, 8]) {
    await chooseModule(page, answer(number), "same.wasm");
    expect((await call(page, "answer", "")).result).toBe(String(number));
  }
  for (const [target, number] of [
    ["#drop", 9],
    ["#result-heading", 10],
  ] as const) {
    const name = `dropped-${number}.wasm`;
    await dropFile(page, target, answer(number), name);
    await settled(page, name);
    expect((await call(page, "answer", "")).result).toBe(String(number));
    expect(page.url()).toBe(`${site().server.origin}/`);
    expect(await page.locator("#drop.over").count()).toBe(0);
  }
});

test("changed limits hold for the next call, and fuel can be left uncounted", async () => {
  const page = await openPage(site());
  await chooseExample(page, "numbers");
  const module = await example("numbers");
  await setLimits(page, { fuel: "1000" });
  await settled(page, "numbers.wasm");
  const short = await call(page, "fib", "[20]");
  expect(short.error).toMatch(/^E_FUEL: /);
  expect(short.error).toBe((await callInNode(module, "fib", "[20]", { fuel: "1000" })).error);
  await setLimits(page, { fuel: "off" });
  await settled(page, "numbers.wasm");
  expect((await call(page, "fib", "[20]")).result).toBe("6765");
  expect((await figures(page))["Fuel"]).toBe("not counted");
});

test("Stop ends a spinning guest without a deadline, and the next call works", async () => {
  const page = await openPage(site());
  await setLimits(page, { deadline: "none", fuel: "off" });
  await chooseExample(page, "hostile");
  for (const _ of [1, 2]) {
    await start(page, "spin", "[]");
    const stop = page.getByRole("button", { name: "Stop" });
    await stop.click();
    expect(await outcome(page)).toEqual({
      result: "",
      error: "E_ABORTED: the caller cancelled",
      backtrace: "",
    });
    expect(await stop.isDisabled()).toBe(true);
    // The focus must not be lost with the button that had it.
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("run");
    expect((await call(page, "answer", "[]")).result).toBe("42");
  }
});

test("another module may be taken while one runs, whose end is then no news", async () => {
  const page = await openPage(site());
  await setLimits(page, { deadline: "none", fuel: "off" });
  await chooseExample(page, "hostile");
  await start(page, "spin", "[]");
  await chooseExample(page, "numbers");
  expect(await shown(page)).toEqual({ result: "", error: "", backtrace: "" });
  expect(await page.getByRole("button", { name: "Stop" }).isDisabled()).toBe(true);
  expect((await call(page, "fib", "[10]")).result).toBe("55");
});

test("of several modules taken one after the other, the last one stays", async () => {
  const page = await openPage(site());
  await page.evaluate(() => {
    for (const name of ["echo", "hostile", "numbers"]) {
      document.querySelector<HTMLButtonElement>(`[data-example=${name}]`)?.click();
    }
  });
  await settled(page, "numbers.wasm");
  expect((await call(page, "fib", "[10]")).result).toBe("55");
  expect(await page.textContent("#module")).toMatch(/^numbers\.wasm: compiled/);
});

test("a second visit finds the compiled module", async () => {
  const page = await openPage(site());
  await chooseExample(page, "numbers");
  expect(await page.textContent("#module")).toContain("compiled in ");
  await page.reload();
  await chooseExample(page, "numbers");
  expect(await page.textContent("#module")).toContain("compiled before, booted in ");
  expect((await call(page, "fib", "[10]")).result).toBe("55");
});

test("the keyboard does for everything, in the order of the page", async () => {
  const page = await openPage(site());
  const reached: string[] = [];
  const tabTo = async (last: string): Promise<void> => {
    while (reached.at(-1) !== last && reached.length < 20) {
      await page.keyboard.press("Tab");
      reached.push(
        await page.evaluate(() => {
          const { id, dataset } = document.activeElement as HTMLElement;
          return id || (dataset["example"] ?? "");
        }),
      );
    }
  };
  await tabTo("numbers");
  await page.keyboard.press("Enter");
  await settled(page, "numbers.wasm");
  await tabTo("run");
  await page.keyboard.press("Enter");
  expect((await outcome(page)).result).toBe("55");
  expect(reached).toEqual([
    ...["file", "echo", "numbers", "hostile"],
    ...["memory", "deadline", "fuel"],
    ...["function", "input", "count", "run"],
  ]);
  expect(await page.evaluate(() => document.activeElement?.id)).toBe("run");
});

test("every field has a name, and the outcome is announced", async () => {
  const page = await openPage(site());
  for (const name of ["Memory", "Deadline", "Fuel", "Function", "Input", "Calls"]) {
    expect(await page.getByLabel(name, { exact: true }).count(), name).toBe(1);
  }
  expect(await page.locator("#file").getAttribute("aria-label")).toBe(null);
  expect(await page.getByLabel(/Drop a .wasm file here/).count()).toBe(1);
  for (const name of ["Module", "Call", "Result"]) {
    expect(await page.getByRole("region", { name, exact: true }).count(), name).toBe(1);
  }
  expect(await page.locator("#error").getAttribute("role")).toBe("alert");
  expect(await page.locator("#result").getAttribute("aria-live")).toBe("polite");
});
