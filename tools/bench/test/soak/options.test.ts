import { describe, expect, it } from "vitest";
import { DEFAULTS, parseSoakOptions } from "../../src/soak/options.js";

describe("parseSoakOptions", () => {
  it("has defaults for everything", () => {
    expect(parseSoakOptions([])).toEqual({ ...DEFAULTS, machine: undefined, json: undefined });
  });

  it("reads what it knows, also behind the dashes of a package manager", () => {
    const words = "-- --calls 5000 --creations 60 --live 7 --machine soft --json out.json".split(" ");
    expect(parseSoakOptions(words)).toEqual({
      calls: 5000,
      creations: 60,
      live: 7,
      machine: "soft",
      json: "out.json",
    });
    expect(parseSoakOptions(["--help"])).toBe("help");
  });

  it.each([
    [["--calls", "999"], '--calls: "999" is no whole number from 1000 on'],
    [["--calls", "1e6"], "--calls"],
    [["--creations", "-4"], "--creations"],
    [["--live", "0"], "--live"],
    [["--live", "1.5"], "--live"],
    [["--machine", "xen"], '--machine: there is no "xen"'],
    [["--often"], "--often"],
  ])("refuses %j", (words, reason) => {
    expect(() => parseSoakOptions(words)).toThrow(TypeError);
    expect(() => parseSoakOptions(words)).toThrow(reason);
  });
});
