import { describe, expect, it } from "vitest";
import { checkOptionNames } from "../src/index.js";

const known = { size: true, mode: true } as const;

describe("names of options", () => {
  it("that are known pass, whatever their values", () => {
    for (const options of [{}, { size: undefined }, { mode: null, size: 1 }, Object.create({ other: 1 })])
      expect(() => checkOptionNames("open", options, known)).not.toThrow();
  });

  it.each<[string, unknown, string]>([
    ["an unknown name", { size: 1, siez: 1 }, 'open: unknown option "siez"; known are size, mode'],
    ["a name of every object", { toString: 1 }, 'open: unknown option "toString"; known are size, mode'],
    ["a list", [], "open: expected an object of options, found "],
    ["nothing", null, "open: expected an object of options, found null"],
    ["text", "size", 'open: expected an object of options, found "size"'],
  ])("%s is E_OPTION", (_, options, message) => {
    expect(() => checkOptionNames("open", options, known)).toThrow(`E_OPTION: ${message}`);
  });

  it("are called what they are", () => {
    expect(() => checkOptionNames("limits", { memroy: 1 }, known, "limit")).toThrow(
      'E_OPTION: limits: unknown limit "memroy"; known are size, mode',
    );
  });
});
