import {
  camelCase,
  pascalCase,
  TwinwallError,
  type WitType,
  type World,
  type WorldFunction,
  type WorldResource,
} from "@twinwall/abi";
import { type NamedType, TypeNames } from "../type-names.js";

/** Words that nothing can be called. */
const RESERVED =
  `abstract as async await bool boolean break case catch class const constructor continue debugger declare default
  delete do else enum export extends f32 f64 false finally for from function get i16 i32 i64 i8 if implements import in
  instanceof interface is isize keyof let memory module namespace new null number of operator package private protected
  public readonly return select set static store string super switch symbol table this throw true try type typeof u16 u32
  u64 u8 undefined unreachable usize v128 var void while with yield load canonical guest values world handle drop take tag`.split(
    /\s+/,
  );

/** Types that the bindings or the language have already. */
const TAKEN = ["Option", "Result", "Table", "Unit", "StaticArray", "Int64Array", "Uint64Array", "ASC"];

/** Typed arrays by the kind of their elements. */
export const typedArrays: Readonly<Partial<Record<WitType["kind"], string>>> = {
  s8: "Int8Array",
  u8: "Uint8Array",
  s16: "Int16Array",
  u16: "Uint16Array",
  s32: "Int32Array",
  u32: "Uint32Array",
  s64: "Int64Array",
  u64: "Uint64Array",
  f32: "Float32Array",
  f64: "Float64Array",
};

const plainTypes: Readonly<Partial<Record<WitType["kind"], string>>> = {
  bool: "bool",
  s8: "i8",
  u8: "u8",
  s16: "i16",
  u16: "u16",
  s32: "i32",
  u32: "u32",
  s64: "i64",
  u64: "u64",
  f32: "f32",
  f64: "f64",
  char: "u32",
  string: "string",
};

/** A name in camelCase that is free to use: of a function, parameter, field or case. */
export function word(kebab: string): string {
  const plain = camelCase(kebab);
  return RESERVED.includes(plain) ? `${plain}_` : plain;
}

/** What things are called in the bindings of one world. */
export class Names {
  readonly #types: TypeNames;
  readonly #interfaces = new Map<string, string>();
  readonly #taken = new Set<string>();
  /** Names of types, as parts of names of functions. */
  readonly #idents = new Map<WitType | string, string>();

  constructor(world: World) {
    this.#types = new TypeNames([...TAKEN, ...Array.from({ length: 17 }, (_, items) => `Tuple${items}`)]);
    // Functions of the world itself stand beside namespaces.
    for (const one of [...world.imports, ...world.exports]) {
      if (one.interfaceName === undefined) this.#taken.add(word(one.name));
    }
  }

  /** The namespace of an interface's functions: the last part of its name. */
  namespace(interfaceName: string): string {
    const known = this.#interfaces.get(interfaceName);
    if (known !== undefined) return known;
    const [, last = interfaceName] = /([^/]+?)(?:@.*)?$/.exec(interfaceName) ?? [];
    const plain = word(last);
    let name = plain;
    for (let number = 2; this.#taken.has(name); number++) name = `${plain}${number}`;
    this.#taken.add(name);
    this.#interfaces.set(interfaceName, name);
    return name;
  }

  /** The class of an imported resource, or of one that the guest writes. */
  resource(resource: WorldResource, prefix: string): string {
    if (resource.imported) return prefix + this.#types.ofResource(resource);
    const where =
      resource.interfaceName === undefined ? "guest" : `guest.${this.namespace(resource.interfaceName)}`;
    return `${where}.${pascalCase(resource.name)}`;
  }

  /** The name under which a type is declared. */
  declared(type: NamedType): string {
    const name = this.#types.of(type);
    if (name !== undefined) return name;
    throw new TwinwallError("E_UNSUPPORTED", `the world has a ${type.kind} without a name`);
  }

  /**
   * A type as AssemblyScript writes it.
   *
   * @param prefix Where declared types are found: nothing, or `world.`.
   */
  type(type: WitType, prefix: string): string {
    switch (type.kind) {
      case "list":
        return typedArrays[type.element.kind] ?? `Array<${this.type(type.element, prefix)}>`;
      case "option":
        return `${prefix}Option<${this.type(type.value, prefix)}>`;
      case "result":
        return `${prefix}Result<${this.payload(type.ok, prefix)}, ${this.payload(type.error, prefix)}>`;
      case "tuple":
        return `${prefix}Tuple${type.items.length}<${type.items.map((item) => this.type(item, prefix)).join(", ")}>`;
      case "own":
      case "borrow":
        return this.resource(type.resource, prefix);
      case "enum":
      case "flags":
      case "record":
      case "variant":
        return prefix + this.declared(type);
      default:
        return plainTypes[type.kind] ?? "void";
    }
  }

  /** A part of a result, which may be nothing. */
  payload(type: WitType | undefined, prefix: string): string {
    return type === undefined ? `${prefix}Unit` : this.type(type, prefix);
  }

  /** A type's name as a part of names of functions: another for each type. */
  ident(type: WitType): string {
    // Handles are made where they are needed; of the other types there is one object each.
    const key = "resource" in type ? `${type.kind} ${this.resource(type.resource, "")}` : type;
    const known = this.#idents.get(key);
    if (known !== undefined) return known;
    const plain = this.#plainIdent(type);
    let name = plain;
    const taken = new Set(this.#idents.values());
    for (let number = 2; taken.has(name); number++) name = `${plain}${number}`;
    this.#idents.set(key, name);
    return name;
  }

  #plainIdent(type: WitType): string {
    const part = (one: WitType | undefined): string => (one === undefined ? "Unit" : this.ident(one));
    switch (type.kind) {
      case "list":
        return `ListOf${part(type.element)}`;
      case "option":
        return `OptionOf${part(type.value)}`;
      case "result":
        return `ResultOf${part(type.ok)}Or${part(type.error)}`;
      case "tuple":
        return `TupleOf${type.items.map(part).join("And")}`;
      case "own":
      case "borrow":
        return pascalCase(`${type.kind}-${type.resource.name}`);
      case "enum":
      case "flags":
      case "record":
      case "variant":
        return this.declared(type);
      default:
        return pascalCase(type.kind);
    }
  }
}

/** A resource's function by what it is; a plain function is none of a resource. */
export function memberOf({
  name,
}: WorldFunction):
  | { readonly kind: "constructor" | "method" | "static"; readonly resource: string; readonly member: string }
  | undefined {
  const [, kind, resource, member = ""] =
    /^\[(constructor|method|static)\]([^.]*)(?:\.(.*))?$/.exec(name) ?? [];
  if (kind === undefined || resource === undefined) return undefined;
  return { kind: kind as "constructor" | "method" | "static", resource, member };
}
