import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { errorCodeOf, errorCodes, errorMeanings, errorNumbers, isErrorCode, trapText } from "../src/codes.js";
import { CallKind, RecordKind } from "../src/constants.js";
import { ErrorCode as ErrorNumber } from "../src/generated/twinwall/abi/error-code.js";
import { ExternKind } from "../src/generated/twinwall/abi/extern-kind.js";
import { FunctionShape } from "../src/generated/twinwall/abi/function-shape.js";
import { GateOperation } from "../src/generated/twinwall/abi/gate-operation.js";
import { MachineKind } from "../src/generated/twinwall/abi/machine-kind.js";
import { TrapCode } from "../src/generated/twinwall/abi/trap-code.js";
import { ValueType } from "../src/generated/twinwall/abi/value-type.js";
import { readVectors } from "./vectors.js";

type Numbers = Record<string, number>;

const vectors = readVectors<Record<string, Numbers>>("codes");

function numbersOf(enumeration: object): Numbers {
  return Object.fromEntries(Object.entries(enumeration).filter(([name]) => Number.isNaN(Number(name))));
}

describe("numbers that cross the wall", () => {
  it.each([
    ["traps", TrapCode],
    ["gateOperations", GateOperation],
    ["callKinds", CallKind],
    ["recordKinds", RecordKind],
    ["valueTypes", ValueType],
    ["externKinds", ExternKind],
    ["machines", MachineKind],
    ["functionShapes", FunctionShape],
  ])("%s are those of the vectors", (name, enumeration) => {
    expect(numbersOf(enumeration)).toEqual(vectors[name]);
  });

  it("error codes are those of the vectors, and of the schema", () => {
    expect(errorNumbers).toEqual(vectors["errors"]);
    const schema = Object.values(numbersOf(ErrorNumber)).filter((number) => number !== 0);
    expect(Object.values(errorNumbers).sort((a, b) => a - b)).toEqual(schema.sort((a, b) => a - b));
  });

  it("each code has a meaning and is found by its number", () => {
    for (const code of errorCodes) {
      expect(errorMeanings[code]).not.toBe("");
      expect(errorCodeOf(errorNumbers[code])).toBe(code);
      expect(isErrorCode(code)).toBe(true);
    }
  });

  it("an unknown number is a fault of ours, an unknown trap is told by number", () => {
    expect(errorCodeOf(999)).toBe("E_INTERNAL");
    expect(isErrorCode("E_NOTHING")).toBe(false);
    expect(isErrorCode("toString")).toBe(false);
    expect(trapText(TrapCode.Unreachable)).toBe("unreachable executed");
    expect(trapText(77)).toBe("trap 77");
  });
});

it("every code has a row with cause and remedy in docs/errors.md, and nothing else has", () => {
  const document = readFileSync(new URL("../../../docs/errors.md", import.meta.url), "utf8");
  const rows = [...document.matchAll(/^\| `(E_\w+)` +\| \S.* \| \S.* \|$/gm)];
  expect(rows.map(([, code]) => code)).toEqual(errorCodes);
});
