import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { assemblyScriptConfig, crateDirectory, includeDirectory } from "../src/index.js";

test("the three lie where the package says", () => {
  expect(existsSync(join(includeDirectory, "twinwall.h"))).toBe(true);
  expect(existsSync(join(crateDirectory, "Cargo.toml"))).toBe(true);
  expect(existsSync(assemblyScriptConfig)).toBe(true);
});
