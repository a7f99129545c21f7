import { types } from "@twinwall/tool-wit-values";
import fc from "fast-check";
import { Builder } from "flatbuffers";
import { describe, expect, it } from "vitest";
import { Type } from "../../src/generated/twinwall/abi/type.js";
import { TypeKind } from "../../src/generated/twinwall/abi/type-kind.js";
import { World as Table } from "../../src/generated/twinwall/abi/world.js";
import { imageProvides, isKebab } from "../../src/wit/names.js";
import { showType, type WitType, type World, type WorldFunction } from "../../src/wit/types.js";
import { decodeWorld } from "../../src/wit/world.js";
import { encodeWorld } from "../../src/wit/world-encode.js";

const counter = { name: "counter", interfaceName: "docs:calc/ops@0.1.0", imported: false };

function worldOf(...parameters: WitType[]): World {
  return {
    name: "docs:calc/calc@0.1.0",
    resources: [counter],
    imports: [],
    exports: [
      {
        name: "[method]counter.add",
        interfaceName: "docs:calc/ops@0.1.0",
        parameters: [
          { name: "self", type: { kind: "borrow", resource: counter } },
          ...parameters.map((type, index) => ({ name: `p${index}`, type })),
        ],
        result: parameters[0],
        docs: "Adds.",
      },
    ],
  };
}

describe("worlds", () => {
  it("come back as they were", () => {
    fc.assert(
      fc.property(fc.array(types, { maxLength: 3 }), (list) => {
        const world = worldOf(...list);
        expect(decodeWorld(encodeWorld(world))).toEqual(world);
      }),
      { numRuns: 300 },
    );
  });

  it("that were damaged are worlds or refused, and nothing else", () => {
    const cases = fc.tuple(types, fc.nat(), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(cases, ([type, place, change]) => {
        const bytes = encodeWorld(worldOf(type));
        const at = place % bytes.length;
        bytes[at] = (bytes[at] as number) ^ change;
        try {
          decodeWorld(bytes);
        } catch (error) {
          expect(error).toMatchObject({ name: "TwinwallError", code: "E_BAD_MODULE" });
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("with types that are too deep are refused", () => {
    let type: WitType = { kind: "u8" };
    for (let depth = 1; depth < 100; depth++) type = { kind: "list", element: type };
    expect(decodeWorld(encodeWorld(worldOf(type))).exports).toHaveLength(1);
    const deeper = worldOf({ kind: "list", element: type });
    expect(() => decodeWorld(encodeWorld(deeper))).toThrow("nested more than 100 deep");
  });

  it("with few types that make an enormous one are refused", () => {
    let type: WitType = { kind: "u8" };
    for (let depth = 1; depth < 16; depth++) type = { kind: "tuple", items: [type, type] };
    expect(decodeWorld(encodeWorld(worldOf(type))).exports).toHaveLength(1);
    for (let depth = 16; depth < 90; depth++) type = { kind: "tuple", items: [type, type] };
    expect(() => decodeWorld(encodeWorld(worldOf(type)))).toThrow("a type has more than 1000000 parts");
    // Nor does showing one take long.
    expect(showType(type).length).toBeLessThan(2000);
  });

  it.each([
    [2, true],
    [2000, false],
  ])("with the same table %i times are read: %s", (times, good) => {
    const builder = new Builder();
    const names = Array.from({ length: 500 }, (_, index) => builder.createString(`case-${index}`));
    const labels = Type.createLabelsVector(builder, names);
    const type = Type.createType(builder, TypeKind.Enum, 0, 0, labels, 0, 0, 0);
    const list = Table.createTypesVector(builder, new Array<number>(times).fill(type));
    Table.finishWorldBuffer(builder, Table.createWorld(builder, 0, list, 0, 0, 0));
    const read = () => decodeWorld(builder.asUint8Array());
    if (good) expect(read().exports).toEqual([]);
    else expect(read).toThrow("too many of its pieces are the same bytes");
  });

  it.each([
    ["function", { name: "[method]counter.__proto__" }],
    ["function", { name: "[constructor]counter.new" }],
    ["function", { name: "[method]counter" }],
    ["function", { name: "[async]run" }],
    ["function", { name: "" }],
    ["interface", { interfaceName: "docs:calc/ops\n@0.1.0" }],
    ["interface", { interfaceName: "" }],
  ])("with a name that no %s has are refused: %o", (what, changes) => {
    const world = worldOf();
    const [first] = world.exports as [WorldFunction];
    const bytes = encodeWorld({ ...world, exports: [{ ...first, ...changes }] });
    expect(() => decodeWorld(bytes)).toThrow(`${what}'s name is none of WIT`);
  });

  it("with types of no bytes, or names that clash, are refused", () => {
    const same: WitType = { kind: "flags", names: ["a-b", "a-b"] };
    expect(() => decodeWorld(encodeWorld(worldOf(same)))).toThrow("a name comes twice");
    expect(() => decodeWorld(encodeWorld(worldOf({ kind: "tuple", items: [] })))).toThrow("has no parts");
  });
});

describe("names", () => {
  it("take no longer to check than to read", () => {
    const start = performance.now();
    expect(isKebab(`a${"-1".repeat(95)}!`)).toBe(false);
    expect(performance.now() - start).toBeLessThan(2000);
  });

  it.each([
    ["a", true],
    ["user-id2", true],
    ["HTTP-get", true],
    ["a-1-2b-3C-D4", true],
    ["a-1bC", false],
    ["aB", false],
    ["a--b", false],
    ["-a", false],
    ["a_b", false],
    ["__proto__", false],
    ["", false],
    ["1a", false],
  ])("%s: %s", (name, expected) => {
    expect(isKebab(name)).toBe(expected);
  });

  it("tell what the image provides", () => {
    expect(imageProvides("wasi:cli/environment@0.2.3")).toBe(true);
    expect(imageProvides("wasi:http/types@0.2.0")).toBe(true);
    expect(imageProvides("wasi:cli/environment@0.3.0")).toBe(false);
    expect(imageProvides("wasi:nn/graph@0.2.0")).toBe(false);
    expect(imageProvides(undefined)).toBe(false);
  });
});
