import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hostProblem } from "@twinwall/vmm-kvm";
import { describe, expect, test } from "vitest";
import { expectedOutput, fencedBlocks, isProgram, modules } from "../src/blocks.js";
import { runProgram } from "../src/run.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));

const documents = [
  ...readdirSync(root).filter((name) => name.endsWith(".md")),
  ...readdirSync(join(root, "packages")).map((name) => `packages/${name}/README.md`),
].filter((file) => existsSync(join(root, file)));

for (const file of documents) {
  const blocks = fencedBlocks(readFileSync(join(root, file), "utf8"));
  const programs = blocks.filter(isProgram);
  if (programs.length === 0) continue;
  describe(file, () => {
    for (const { line, text } of programs) {
      test(`the example of line ${line} prints what it says`, { timeout: 180_000 }, async (context) => {
        const { status, stdout, stderr } = await runProgram(text, modules(blocks));
        const noMachine = /E_NO_MACHINE[^\n]*/.exec(stderr)?.[0];
        // Where KVM opens, a machine that cannot be had is a failure and no reason to skip.
        if (noMachine && hostProblem()) return context.skip(noMachine);
        expect(stderr).toBe("");
        expect(status).toBe(0);
        const printed = stdout.split("\n").map((line) => line.trim());
        expect(printed.filter(Boolean)).toEqual(expectedOutput(text));
      });
    }
  });
}

test("the front page has an example", () => {
  expect(fencedBlocks(readFileSync(join(root, "README.md"), "utf8")).some(isProgram)).toBe(true);
});
