import { readFileSync } from "node:fs";
import { TwinwallError } from "@twinwall/abi";
import { expect, it } from "vitest";
import { loadImage, loadModule, provideImage } from "../src/slim.js";

// The slim entry alone: nothing has named a source of images or a compiler.

it("has neither image nor compiler of its own, and says what to do", async () => {
  expect(() => loadImage("wasm", "soft")).toThrow(
    /E_NO_FILE: image wasm\.wasm was not provided: call provideImage/,
  );
  const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  const error = await loadModule(empty, { machine: "soft", fuel: true }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TwinwallError);
  expect(String(error)).toContain("E_OPTION: compiler: the slim entry has none of its own");
});

it("takes the image that it is given", () => {
  const image = new Uint8Array(readFileSync(new URL("../artifacts/images/wasm.wasm", import.meta.url)));
  provideImage(image);
  expect(loadImage("wasm", "soft")).toBe(image);
  expect(() => loadImage("wasm", "kvm")).toThrow("image wasm.elf was not provided");
});
