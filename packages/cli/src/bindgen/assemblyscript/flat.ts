import { payloadsOf, type WitType } from "@twinwall/abi";

/** A core type of WebAssembly. */
export type CoreType = "i32" | "i64" | "f32" | "f64";

/** Most core values that a function takes; more go through memory. */
export const MOST_FLAT_PARAMETERS = 16;

/**
 * The core values that a value is passed as.
 *
 * @see https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#flattening
 */
export function flatten(type: WitType): readonly CoreType[] {
  switch (type.kind) {
    case "s64":
    case "u64":
      return ["i64"];
    case "f32":
    case "f64":
      return [type.kind];
    case "string":
    case "list":
      return ["i32", "i32"];
    case "record":
      return type.fields.flatMap((field) => flatten(field.type));
    case "tuple":
      return type.items.flatMap(flatten);
    case "variant":
    case "option":
    case "result":
      return ["i32", ...joinAll(payloadsOf(type))];
    default:
      return ["i32"];
  }
}

/** What has room for any of the payloads. */
function joinAll(payloads: readonly (WitType | undefined)[]): CoreType[] {
  const joined: CoreType[] = [];
  for (const payload of payloads) {
    if (payload === undefined) continue;
    flatten(payload).forEach((core, index) => {
      joined[index] = join(joined[index] ?? core, core);
    });
  }
  return joined;
}

function join(a: CoreType, b: CoreType): CoreType {
  if (a === b) return a;
  const is32 = (core: CoreType): boolean => core === "i32" || core === "f32";
  return is32(a) && is32(b) ? "i32" : "i64";
}
