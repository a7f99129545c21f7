import { describe, expect, it } from "vitest";
import { parseEnvoyEchoOptions } from "../../src/envoy/options.js";
import { PATH_NAMES } from "../../src/envoy/paths.js";

describe("parseEnvoyEchoOptions", () => {
  it("measures everything by default", () => {
    expect(parseEnvoyEchoOptions([])).toEqual({
      quick: false,
      json: undefined,
      markdown: undefined,
      svg: undefined,
      paths: PATH_NAMES,
    });
  });

  it("reads its options, behind the dashes of a package manager too", () => {
    const words = [
      "--",
      "--quick",
      "--json",
      "a.json",
      "--svg",
      "a.svg",
      "--markdown",
      "a.md",
      "--paths",
      "bare,v8,bare",
    ];
    expect(parseEnvoyEchoOptions(words)).toEqual({
      quick: true,
      json: "a.json",
      markdown: "a.md",
      svg: "a.svg",
      paths: ["bare", "v8"],
    });
  });

  it("shows help", () => {
    expect(parseEnvoyEchoOptions(["--help"])).toBe("help");
  });

  it("refuses what it does not know, and names what there is", () => {
    expect(() => parseEnvoyEchoOptions(["--fast"])).toThrow(TypeError);
    expect(() => parseEnvoyEchoOptions(["file"])).toThrow(TypeError);
    expect(() => parseEnvoyEchoOptions(["--paths", "bare,quic"])).toThrow(
      /no "quic"; there are direct, bare,/,
    );
    expect(() => parseEnvoyEchoOptions(["--paths", ""])).toThrow(TypeError);
  });
});
