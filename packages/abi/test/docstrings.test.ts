import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as abi from "../src/index.js";

const sources = new URL("../src/", import.meta.url);

/** Lines `EXPRESSION; // => VALUE` of the examples in docstrings, and the lines before them in the same example. */
function examplesOf(file: string): string[] {
  const text = readFileSync(new URL(file, sources), "utf8");
  return Array.from(text.matchAll(/@example\s+\* ```ts\n([\s\S]*?)\* ```/g), ([, block = ""]) =>
    block.replaceAll(/^ *\* ?/gm, ""),
  );
}

/** Runs an example with all exports in scope; gives what each marked line said and should have said. */
function run(example: string): { found: unknown[]; expected: unknown[] } {
  const code = example.replaceAll(/^(.*); \/\/ => (.*)$/gm, "found.push($1); expected.push($2);");
  const scope = { ...abi, found: [] as unknown[], expected: [] as unknown[] };
  new Function(...Object.keys(scope), code)(...Object.values(scope));
  return scope;
}

const files = readdirSync(sources, { recursive: true, encoding: "utf8" }).filter((file) =>
  file.endsWith(".ts"),
);
const examples = files.flatMap((file) => examplesOf(file).map((example) => ({ file, example })));

describe("examples in docstrings", () => {
  it("are there", () => {
    expect(examples.length).toBeGreaterThan(3);
  });

  it.each(examples)("$file: $example", ({ example }) => {
    const { found, expected } = run(example);
    expect(expected.length).toBeGreaterThan(0);
    expect(found).toEqual(expected);
  });
});
