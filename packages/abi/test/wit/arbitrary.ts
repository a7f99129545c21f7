import fc from "fast-check";
import { camelCase } from "../../src/wit/names.js";
import { isNullable, type WitType } from "../../src/wit/types.js";
import { listOf } from "./from-json.js";

const plainKinds = [
  "bool",
  "s8",
  "u8",
  "s16",
  "u16",
  "s32",
  "u32",
  "s64",
  "u64",
  "f32",
  "f64",
  "char",
  "string",
] as const;

const words = fc.stringMatching(/^[a-z][a-z0-9]{0,5}(-[a-z][a-z0-9]{0,3})?$/);

/** Names that differ in JavaScript too. */
function names(most: number): fc.Arbitrary<string[]> {
  return fc.uniqueArray(words, { minLength: 1, maxLength: most, selector: camelCase });
}

/** Types of WIT, but for handles. */
export const types: fc.Arbitrary<WitType> = fc.letrec<{ type: WitType }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    fc.constantFrom(...plainKinds).map((kind): WitType => ({ kind })),
    fc.constantFrom(...plainKinds).map((kind): WitType => ({ kind: "list", element: { kind } })),
    tie("type").map((element): WitType => ({ kind: "list", element })),
    tie("type").map((value): WitType => ({ kind: "option", value })),
    fc
      .tuple(fc.option(tie("type"), { nil: undefined }), fc.option(tie("type"), { nil: undefined }))
      .map(([ok, error]): WitType => ({ kind: "result", ok, error })),
    fc.array(tie("type"), { minLength: 1, maxLength: 4 }).map((items): WitType => ({ kind: "tuple", items })),
    labelled(tie("type")).map((fields): WitType => ({ kind: "record", fields })),
    labelled(fc.option(tie("type"), { nil: undefined })).map(
      (cases): WitType => ({ kind: "variant", cases }),
    ),
    names(20).map((cases): WitType => ({ kind: "enum", cases })),
    names(40).map((flags): WitType => ({ kind: "flags", names: flags })),
  ),
})).type;

function labelled<Type>(type: fc.Arbitrary<Type>): fc.Arbitrary<{ name: string; type: Type }[]> {
  return names(5).chain((list) =>
    fc
      .tuple(...list.map(() => type))
      .map((found) => list.map((name, index) => ({ name, type: found[index] as Type }))),
  );
}

function whole(bits: number, signed: boolean): fc.Arbitrary<number> {
  return signed
    ? fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 })
    : fc.integer({ min: 0, max: 2 ** bits - 1 });
}

/** Values of a type, in the form in which they are read. */
export function valuesOf(type: WitType): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case "bool":
      return fc.boolean();
    case "s8":
    case "s16":
    case "s32":
      return whole(Number(type.kind.slice(1)), true);
    case "u8":
    case "u16":
    case "u32":
      return whole(Number(type.kind.slice(1)), false);
    case "s64":
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    case "u64":
      return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    case "f32":
      return fc.float();
    case "f64":
      return fc.double();
    case "char":
      return fc.string({ unit: "binary", minLength: 1, maxLength: 1 });
    case "string":
      return fc.string({ unit: "binary", maxLength: 60 });
    case "list":
      return fc.array(valuesOf(type.element), { maxLength: 6 }).map((values) => listOf(type.element, values));
    case "tuple":
      return fc.tuple(...type.items.map(valuesOf));
    case "record":
      return fc
        .tuple(...type.fields.map((field) => valuesOf(field.type)))
        .map((values) =>
          Object.fromEntries(type.fields.map((field, index) => [camelCase(field.name), values[index]])),
        );
    case "enum":
      return fc.constantFrom(...type.cases);
    case "flags":
      return fc
        .tuple(...type.names.map(() => fc.boolean()))
        .map((bits) => Object.fromEntries(type.names.map((name, index) => [camelCase(name), bits[index]])));
    case "option":
      return isNullable(type)
        ? fc.option(valuesOf(type.value), { nil: undefined })
        : tagged([
            ["none", undefined],
            ["some", type.value],
          ]);
    case "result":
      return tagged([
        ["ok", type.ok],
        ["err", type.error],
      ]);
    case "variant":
      return tagged(type.cases.map((one) => [one.name, one.type]));
    default:
      throw new Error("handles have no values of their own");
  }
}

function tagged(cases: [string, WitType | undefined][]): fc.Arbitrary<unknown> {
  return fc.oneof(
    ...cases.map(([tag, type]) =>
      (type === undefined ? fc.constant(undefined) : valuesOf(type)).map((val) => ({ tag, val })),
    ),
  );
}
