import { pascalCase, type WitType, type WorldResource } from "@twinwall/abi";

/** Types that are declared under a name of their own. */
export type NamedType = Extract<WitType, { kind: "record" | "variant" | "enum" | "flags" }>;

/** Names that TypeScript has for something else. */
const TAKEN = [
  ...["Array", "ArrayBuffer", "Boolean", "Date", "Error", "Function", "Map", "Number", "Object", "Promise"],
  ...[
    "PromiseLike",
    "Record",
    "Set",
    "String",
    "Symbol",
    "Uint8Array",
    "Int8Array",
    "Uint16Array",
    "Int16Array",
  ],
  ...["Uint32Array", "Int32Array", "BigUint64Array", "BigInt64Array", "Float32Array", "Float64Array"],
];

/** Gives each type and resource a name; where two would have the same one, the later gets a number. */
export class TypeNames {
  readonly #names = new Map<NamedType | WorldResource, string>();
  readonly #taken = new Set(TAKEN);

  /** @param reserved Names that no type may have. */
  constructor(reserved: readonly string[]) {
    for (const name of reserved) this.#taken.add(name);
  }

  /** The name of a type; `undefined` for one that WIT does not name. */
  of(type: NamedType): string | undefined {
    return type.name === undefined ? undefined : this.#nameOf(type, type.name);
  }

  ofResource(resource: WorldResource): string {
    return this.#nameOf(resource, resource.name);
  }

  #nameOf(key: NamedType | WorldResource, kebab: string): string {
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const plain = pascalCase(kebab);
    let name = plain;
    for (let number = 2; this.#taken.has(name); number++) name = `${plain}${number}`;
    this.#taken.add(name);
    this.#names.set(key, name);
    return name;
  }
}
