import { describe, expect, test } from "vitest";
import { expectedOutput, fencedBlocks, isProgram, modules } from "../src/blocks.js";
import { runProgram } from "../src/run.js";

const document = [
  "# Title",
  "```wat add.wat",
  "(module)",
  "```",
  "text",
  "```ts",
  'import { Sandbox } from "@twinwall/sandbox";',
  "console.log(1); // => 1",
  "```",
  "```ts fragment",
  'import { t } from "@twinwall/abi";',
  "```",
].join("\n");

describe("blocks", () => {
  test("are found with their words and lines", () => {
    const found = fencedBlocks(document);
    expect(found.map(({ info, line }) => [...info, line])).toEqual([
      ["wat", "add.wat", 2],
      ["ts", 6],
      ["ts", "fragment", 10],
    ]);
    expect(found.map(isProgram)).toEqual([false, true, false]);
    expect(modules(found)).toEqual(new Map([["add", "(module)"]]));
  });

  test("say what they print", () => {
    expect(expectedOutput("a(); // => 1\nb(); // nothing\nc(); // => two words")).toEqual(["1", "two words"]);
  });
});

describe("programs", () => {
  test("run with their modules, and `using` works", { timeout: 60_000 }, async () => {
    const program = `
      import { readFileSync } from "node:fs";
      { using thing = { [Symbol.dispose]() { console.log("disposed"); } }; }
      const { instance } = await WebAssembly.instantiate(readFileSync("seven.wasm"));
      console.log((instance.exports["seven"] as () => number)());`;
    const text = '(module (func (export "seven") (result i32) (i32.const 7)))';
    expect(await runProgram(program, new Map([["seven", text]]))).toEqual({
      status: 0,
      stdout: "disposed\n7\n",
      stderr: "",
    });
  });

  test("a failure is seen", { timeout: 60_000 }, async () => {
    const { status, stderr } = await runProgram('throw new Error("broken example");', new Map());
    expect(status).toBe(1);
    expect(stderr).toContain("broken example");
  });
});
