import { readFileSync } from "node:fs";
import { TwinwallError } from "@twinwall/abi";
import { expect, it } from "vitest";
import { chooseDriver, loadImage, loadModule, provideImage } from "../src/slim.js";

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
  const given = image.slice();
  provideImage(given);
  given.fill(0);
  expect(Buffer.compare(loadImage("wasm", "soft"), image)).toBe(0);
  expect(() => loadImage("wasm", "kvm")).toThrow("image wasm.elf is not part of the slim entry");
});

it("refuses an image that is none, at once", () => {
  for (const bad of [5, new ArrayBuffer(8), new Uint8Array(100), undefined]) {
    expect(() => provideImage(bad as never)).toThrow(/^E_OPTION: image: /);
  }
});

it("takes the soft machine by itself, as it has an image for no other", async () => {
  const { driver, reason } = await chooseDriver("auto");
  expect(driver.machine).toBe("soft");
  expect(reason).toBe("soft, as the slim entry has no image for kvm");
});

it("takes a compiler by what it gives", async () => {
  const compiler = { compile: async () => ({}) as never };
  const module = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  await expect(loadModule(module, { machine: "soft", fuel: true, compiler })).rejects.toThrow(
    /^E_OPTION: compiler: it gave/,
  );
});
