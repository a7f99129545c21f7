import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createCompiler } from "@twinwall/compiler/slim";
import { expect, it } from "vitest";
import { provideImage, Sandbox } from "../src/slim.js";
import { moduleOf } from "./support/modules.js";

const fileOf = (name: string): Uint8Array => readFileSync(fileURLToPath(import.meta.resolve(name)));

it("the slim entry runs with an image and a compiler that are brought along", async () => {
  const module = moduleOf("scalars");
  await expect(Sandbox.create({ module, machine: "soft" })).rejects.toThrow(
    /^E_OPTION: compiler: the slim entry/,
  );
  provideImage(fileOf("@twinwall/runtime/image.wasm"));
  const compiler = createCompiler({ wasm: new Uint8Array(fileOf("@twinwall/compiler/compiler.wasm")) });
  try {
    await using sandbox = await Sandbox.create({ module, machine: "soft", compiler });
    expect(sandbox.call("add", 40, 2)).toBe(42);
    expect(await sandbox.callAsync("add", [40, 2])).toBe(42);
  } finally {
    await compiler.close();
  }
});
