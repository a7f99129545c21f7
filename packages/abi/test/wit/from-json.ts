import { listOf } from "@twinwall/tool-wit-values";
import { camelCase } from "../../src/wit/names.js";
import { isNullable, type WitType } from "../../src/wit/types.js";

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The value that a vector means: JSON has no 64-bit numbers, no NaN and no `undefined`. */
export function fromJson(type: WitType, json: Json): unknown {
  switch (type.kind) {
    case "s64":
    case "u64":
      return BigInt(json as string);
    case "f32":
    case "f64":
      return Number(json);
    case "list":
      return listOf(
        type.element,
        (json as Json[]).map((one) => fromJson(type.element, one)),
      );
    case "tuple":
      return type.items.map((item, index) => fromJson(item, (json as Json[])[index] as Json));
    case "record":
      return Object.fromEntries(
        type.fields.map(({ name, type: part }) => {
          const key = camelCase(name);
          return [key, fromJson(part, (json as Record<string, Json>)[key] as Json)];
        }),
      );
    case "option":
      if (isNullable(type)) return json === null ? undefined : fromJson(type.value, json);
      return tagged({ none: undefined, some: type.value }, json);
    case "result":
      return tagged({ ok: type.ok, err: type.error }, json);
    case "variant":
      return tagged(Object.fromEntries(type.cases.map((one) => [one.name, one.type])), json);
    default:
      return json;
  }
}

function tagged(cases: Readonly<Record<string, WitType | undefined>>, json: Json): unknown {
  const { tag, val } = json as { tag: string; val?: Json };
  const type = cases[tag];
  return { tag, val: type && fromJson(type, val as Json) };
}
