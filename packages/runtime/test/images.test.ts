import { CallKind, parseLimits, TwinwallError } from "@twinwall/abi";
import { CallFlag, callLimits } from "@twinwall/vmm";
import { describe, expect, it } from "vitest";
import { bootNativeImage } from "../src/boot.js";
import { chooseDriver } from "../src/driver-choice.js";
import { loadImage } from "../src/index.js";

describe("images", () => {
  it.each(["wasm", "echo"] as const)("%s is a static ELF file for x86-64, read once", (name) => {
    const image = loadImage(name);
    expect(Buffer.from(image.subarray(0, 4)).toString("latin1")).toBe("\x7fELF");
    const view = new DataView(image.buffer, image.byteOffset);
    const [executable, x8664] = [2, 62];
    expect([view.getUint16(16, true), view.getUint16(18, true)]).toEqual([executable, x8664]);
    expect(loadImage(name)).toBe(image);
  });

  it("wasm is a WebAssembly module with a header on the soft machine, and echo is not there", () => {
    const image = loadImage("wasm", "soft");
    const module = new WebAssembly.Module(new Uint8Array(image));
    expect(WebAssembly.Module.customSections(module, "twinwall").length).toBe(1);
    expect(WebAssembly.Module.imports(module).map(({ name }) => name)).toEqual(["memory", "gate"]);
    expect(loadImage("wasm", "soft")).toBe(image);
    expect(() => loadImage("echo", "soft")).toThrow('E_UNSUPPORTED: machine "soft" has no image "echo"');
  });

  it("are small enough to be sent to a browser", () => {
    expect(loadImage("wasm", "soft").length).toBeLessThan(2 ** 20);
  });

  it("the echo image returns what it gets, without any WebAssembly", async (context) => {
    const choice = await chooseDriver("kvm").catch((error: unknown) => TwinwallError.from(error));
    if (choice instanceof TwinwallError) return context.skip(choice.message);
    const limits = parseLimits();
    const snapshot = bootNativeImage(choice.driver, "echo", limits);
    const machine = snapshot.machine(
      callLimits(limits),
      () => -1,
      () => {},
    );
    const output = new Uint8Array(4096);
    for (const length of [0, 1, 128, 4096]) {
      const input = Uint8Array.from({ length }, (_, index) => index * 7 + length);
      expect(machine.call(CallKind.Bytes, 0, CallFlag.Restore | CallFlag.Exact, input, output)).toBe(length);
      expect(Buffer.compare(output.subarray(0, length), input)).toBe(0);
      expect(machine.stats().exits).toBe(1);
    }
    machine.close();
    snapshot.close();
  });
});
