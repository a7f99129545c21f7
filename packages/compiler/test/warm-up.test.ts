import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { warmUpModule } from "../src/warm-up-module.js";
import { assemble } from "./modules.js";

test("the module that warms the compiler is the binary form of its text", async () => {
  const text = await readFile(new URL("../src/warm-up.wat", import.meta.url), "utf8");
  expect(warmUpModule).toBe(Buffer.from(assemble(text)).toString("base64"));
});
