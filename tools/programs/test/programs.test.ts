import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { program, programNames, programPath, programProblem, programVectors } from "../src/index.js";
import { runReference } from "./wasi-reference.js";

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

describe.each(programNames())("%s", (name) => {
  const problem = programProblem(name);
  let module: WebAssembly.Module;

  beforeAll(async () => {
    if (problem === undefined) module = await WebAssembly.compile(readFileSync(programPath(name)));
  });

  test("the module is the one that the manifest describes", ({ skip }) => {
    skip(problem !== undefined, problem);
    const { path, bytes, sha256: expected } = program(name);
    const file = readFileSync(path);
    expect({ bytes: file.length, sha256: sha256(file) }).toEqual({ bytes, sha256: expected });
  });

  for (const vector of programVectors(name)) {
    test(vector.name, { timeout: 60_000 }, async ({ skip }) => {
      skip(problem !== undefined, problem);
      const { exitCode, stdout, stderr } = await runReference(module, vector);
      expect(exitCode, stderr).toBe(vector.exitCode);
      if (typeof vector.stdout === "string") expect(new TextDecoder().decode(stdout)).toBe(vector.stdout);
      else expect({ sha256: sha256(stdout), bytes: stdout.length }).toEqual(vector.stdout);
    });
  }
});

test("a program that does not exist is named", () => {
  expect(() => programPath("wordstar")).toThrow("no program is called wordstar");
});
