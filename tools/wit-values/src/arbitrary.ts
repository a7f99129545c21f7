import fc from "fast-check";
import { camelCase, isNullable, plainTypes, type Type } from "./type.js";

const words = fc.stringMatching(/^[a-z][a-z0-9]{0,5}(-[a-z][a-z0-9]{0,3})?$/);

/** Names that differ in JavaScript too. */
function names(most: number): fc.Arbitrary<string[]> {
  return fc.uniqueArray(words, { minLength: 1, maxLength: most, selector: camelCase });
}

/** Types of WIT, but for handles. */
export const types: fc.Arbitrary<Type> = fc.letrec<{ type: Type }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    fc.constantFrom(...plainTypes),
    fc.constantFrom(...plainTypes).map((element): Type => ({ kind: "list", element })),
    tie("type").map((element): Type => ({ kind: "list", element })),
    tie("type").map((value): Type => ({ kind: "option", value })),
    fc
      .tuple(fc.option(tie("type"), { nil: undefined }), fc.option(tie("type"), { nil: undefined }))
      .map(([ok, error]): Type => ({ kind: "result", ok, error })),
    fc.array(tie("type"), { minLength: 1, maxLength: 4 }).map((items): Type => ({ kind: "tuple", items })),
    labelled(tie("type")).map((fields): Type => ({ kind: "record", fields })),
    labelled(fc.option(tie("type"), { nil: undefined })).map((cases): Type => ({ kind: "variant", cases })),
    names(20).map((cases): Type => ({ kind: "enum", cases })),
    names(40).map((flags): Type => ({ kind: "flags", names: flags })),
  ),
})).type;

function labelled<Part>(type: fc.Arbitrary<Part>): fc.Arbitrary<{ name: string; type: Part }[]> {
  return names(5).chain((list) =>
    fc
      .tuple(...list.map(() => type))
      .map((found) => list.map((name, index) => ({ name, type: found[index] as Part }))),
  );
}

function whole(bits: number, signed: boolean): fc.Arbitrary<number> {
  return signed
    ? fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 })
    : fc.integer({ min: 0, max: 2 ** bits - 1 });
}

/** Values of a type, in the form in which they are read. */
export function valuesOf(type: Type): fc.Arbitrary<unknown> {
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
  }
}

function tagged(cases: [string, Type | undefined][]): fc.Arbitrary<unknown> {
  return fc.oneof(
    ...cases.map(([tag, type]) =>
      (type === undefined ? fc.constant(undefined) : valuesOf(type)).map((val) => ({ tag, val })),
    ),
  );
}

const typedArrays: Partial<Record<string, (values: never[]) => unknown>> = {
  s8: (values) => Int8Array.from(values),
  u8: (values) => Uint8Array.from(values),
  s16: (values) => Int16Array.from(values),
  u16: (values) => Uint16Array.from(values),
  s32: (values) => Int32Array.from(values),
  u32: (values) => Uint32Array.from(values),
  s64: (values) => BigInt64Array.from(values),
  u64: (values) => BigUint64Array.from(values),
  f32: (values) => Float32Array.from(values),
  f64: (values) => Float64Array.from(values),
};

/** A list in the form in which lists of its type are read. */
export function listOf(element: { readonly kind: string }, values: readonly unknown[]): unknown {
  return typedArrays[element.kind]?.(values as never[]) ?? values;
}
