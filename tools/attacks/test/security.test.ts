import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { attacks } from "../src/list.js";
import { coreCrate, rustTests } from "../src/rust-tests.js";

const root = new URL("../../../", import.meta.url);
const inCore = rustTests(coreCrate);
const { scripts } = JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as {
  scripts: Record<string, string>;
};

/** What a page cites and is not there: tests, files, commands, attacks. */
function missing(page: string): string[] {
  const text = page.replace(/\s+/g, " ");
  const found: string[] = [];
  for (const [, path = ""] of text.matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g))
    if (!existsSync(new URL(path, root))) found.push(path);
  for (const [, file = "", name] of text.matchAll(
    /`((?:packages|tools|apps|docs)\/[^`\s]+)`(?:: "([^"]+)")?/g,
  )) {
    const url = new URL(file, root);
    if (!existsSync(url)) found.push(file);
    else if (name !== undefined && !readFileSync(url, "utf8").includes(name)) found.push(`${file}: ${name}`);
  }
  for (const [name] of text.matchAll(/(?<=`)(?:faults|(?:\w+::)*tests)::[\w:]+(?=`)/g))
    if (!inCore.has(name)) found.push(name);
  for (const [, name = ""] of text.matchAll(/npm run ([\w:-]+)/g))
    if (scripts[name] === undefined) found.push(`npm run ${name}`);
  for (const [, id = ""] of text.matchAll(/attack `([\w-]+)`/g))
    if (!attacks.some((attack) => attack.id === id)) found.push(`attack ${id}`);
  return found;
}

const cited = /`packages\/[^`]+\.test\.ts`: "/;

describe("what SECURITY.md cites", () => {
  test("is there", () => {
    const page = readFileSync(new URL("SECURITY.md", root), "utf8");
    expect(missing(page)).toEqual([]);
    // The check has something to check.
    expect(page.replace(/\s+/g, " ")).toMatch(cited);
  });

  test("is missed when it is not", () => {
    const file = "packages/vmm-soft/test/leftovers.test.ts";
    const page = `[a](tools/attack) [b](tools/attacks) \`${file}\`: "memory that
opens" \`${file}\`: "memory that closes" \`tools/no-file.ts\` \`tests::hostile::no_such_test\`
\`tests::hostile::hypercalls_do_no_harm\` npm run attack, npm run attacks -- --map, attack \`soak\`, attack \`none\``;
    expect(missing(page)).toEqual([
      "tools/attack",
      `${file}: memory that closes`,
      "tools/no-file.ts",
      "tests::hostile::no_such_test",
      "npm run attack",
      "attack none",
    ]);
  });
});
