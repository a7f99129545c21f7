import { describe, expect, it } from "vitest";
import { parseOptions } from "../src/options.js";

describe("parseOptions", () => {
  const defaults = { way: undefined, guest: "wasm", serve: false, config: false, port: 0 };

  it("chooses by itself and ends by itself by default", () => {
    expect(parseOptions([])).toEqual(defaults);
  });

  it("reads its options, behind the dashes of a package manager too", () => {
    const words = ["--", "--ext-proc", "--serve", "--config", "--port", "10000"];
    expect(parseOptions(words)).toEqual({
      ...defaults,
      way: "ext-proc",
      serve: true,
      config: true,
      port: 10_000,
    });
    expect(parseOptions(["--in-process"])).toEqual({ ...defaults, way: "in-process" });
    expect(parseOptions(["--help"])).toBe("help");
  });

  it("runs the native guest in process only", () => {
    expect(parseOptions(["--guest", "native"])).toEqual({ ...defaults, way: "in-process", guest: "native" });
    expect(() => parseOptions(["--guest", "native", "--ext-proc"])).toThrow(
      /the service runs WebAssembly only/,
    );
  });

  it.each([
    [["--fast"], /fast/],
    [["file"], /file/],
    [["--guest", "lua"], /"lua" is neither wasm nor native/],
    [["--in-process", "--ext-proc"], /take one of them/],
    [["--port", "65536"], /no port/],
    [["--port", "-1"], /port/],
    [["--port", "1e3"], /no port/],
  ])("refuses %j", (words, message) => {
    expect(() => parseOptions(words)).toThrow(TypeError);
    expect(() => parseOptions(words)).toThrow(message);
  });
});
