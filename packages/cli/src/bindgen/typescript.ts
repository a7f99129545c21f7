import {
  camelCase,
  imageProvides,
  pascalCase,
  showType,
  type WitField,
  type WitType,
  type World,
  type WorldFunction,
  type WorldResource,
} from "@twinwall/abi";
import { type NamedType, TypeNames } from "./type-names.js";
import { unifyTypes } from "./unify.js";

/** Words that no parameter can be called. */
const RESERVED = new Set(
  `arguments await break case catch class const continue debugger default delete do else enum eval export extends false
  finally for function if implements import in instanceof interface let new null package private protected public return
  static super switch this throw true try typeof undefined var void while with yield`.split(/\s+/),
);

const typedArrays: Readonly<Partial<Record<WitType["kind"], string>>> = {
  s8: "Int8Array",
  u8: "Uint8Array",
  s16: "Int16Array",
  u16: "Uint16Array",
  s32: "Int32Array",
  u32: "Uint32Array",
  s64: "BigInt64Array",
  u64: "BigUint64Array",
  f32: "Float32Array",
  f64: "Float64Array",
};

/** The last part of a world's name, as TypeScript's name for it. */
export function worldTypeName(world: World): string {
  const [, last = "world"] = /([^/]+?)(?:@.*)?$/.exec(world.name ?? "world") ?? [];
  return pascalCase(last);
}

/**
 * Declarations of a world for `Sandbox.create<World>`: its named types, its resources, and an interface of what it exports
 * and imports. What the guest runtime itself provides is left out.
 */
export function worldDeclarations(world: World): string {
  return new Declarations(world).text();
}

class Declarations {
  readonly #world: World;
  readonly #name: string;
  readonly #names: TypeNames;
  /** Declarations of types, in the order in which they are first seen. */
  readonly #declared = new Map<NamedType | WorldResource, string>();

  constructor(world: World) {
    this.#world = unifyTypes(world);
    this.#name = worldTypeName(world);
    this.#names = new TypeNames([this.#name]);
  }

  text(): string {
    const exports = this.#world.exports.map((one) => this.#exported(one));
    const imports = this.#imports();
    const world = [
      comment(`The world ${this.#world.name ?? "of the component"}, for Sandbox.create.`, ""),
      `export interface ${this.#name} {`,
      "  exports: {",
      ...exports,
      "  };",
      imports.length === 0
        ? "  imports: Record<string, never>;"
        : ["  imports: {", ...imports, "  };"].join("\n"),
      "}",
    ];
    const head = "// Written by `twinwall bindgen`; changes will be lost.\n";
    return `${[head, ...this.#declared.values(), world.join("\n")].join("\n")}\n`;
  }

  #exported(declared: WorldFunction): string {
    const { interfaceName, name } = declared;
    const full = interfaceName === undefined ? name : `${interfaceName}#${name}`;
    const key = /^[a-z][a-z0-9]*$/.test(full) ? full : JSON.stringify(full);
    return `${this.#docs(declared, "    ")}    ${key}(${this.#parameters(declared.parameters)}): ${this.#returned(declared.result)};`;
  }

  #imports(): string[] {
    const wanted = this.#world.imports.filter((one) => !imageProvides(one.interfaceName));
    const resources = this.#world.resources.filter(
      (one) => one.imported && !imageProvides(one.interfaceName),
    );
    const interfaces = new Set([...wanted, ...resources].map((one) => one.interfaceName));
    return [...interfaces].flatMap((interfaceName) => {
      const indent = interfaceName === undefined ? "    " : "      ";
      const members = [
        ...wanted
          .filter((one) => one.interfaceName === interfaceName && !one.name.startsWith("["))
          .map((one) => this.#imported(one, camelCase(one.name), one.parameters, indent)),
        ...resources
          .filter((one) => one.interfaceName === interfaceName)
          .map((one) => this.#importedClass(one, indent)),
      ];
      if (interfaceName === undefined) return members;
      return [`    ${JSON.stringify(interfaceName)}: {`, ...members, "    };"];
    });
  }

  #imported(declared: WorldFunction, name: string, parameters: readonly WitField[], indent: string): string {
    const result = this.#returned(declared.result);
    const head = `${this.#docs(declared, indent)}${indent}${name}(${this.#parameters(parameters)})`;
    return `${head}: ${union([result, `PromiseLike<${result}>`])};`;
  }

  #importedClass(resource: WorldResource, indent: string): string {
    const name = this.#resource(resource);
    const parts = this.#partsOf(resource, this.#world.imports);
    const made = parts.constructor;
    const lines = [
      ...(made === undefined ? [] : [`${indent}  new (${this.#parameters(made.parameters)}): ${name};`]),
      ...parts.statics.map(([member, one]) => this.#imported(one, member, one.parameters, `${indent}  `)),
    ];
    // Without a constructor the guest makes none, but objects are told by their class all the same.
    if (made === undefined) lines.unshift(`${indent}  new (...values: never[]): ${name};`);
    return [`${indent}${pascalCase(resource.name)}: {`, ...lines, `${indent}};`].join("\n");
  }

  /** Functions of a resource by what they are. */
  #partsOf(resource: WorldResource, functions: readonly WorldFunction[]) {
    const own = functions.filter((one) => one.interfaceName === resource.interfaceName);
    const members = (kind: string): [string, WorldFunction][] => {
      const prefix = `[${kind}]${resource.name}.`;
      return own
        .filter((one) => one.name.startsWith(prefix))
        .map((one) => [camelCase(one.name.slice(prefix.length)), one]);
    };
    return {
      constructor: own.find((one) => one.name === `[constructor]${resource.name}`),
      methods: members("method"),
      statics: members("static"),
    };
  }

  #parameters(parameters: readonly WitField[]): string {
    return parameters
      .map(({ name, type }) => {
        const word = camelCase(name);
        return `${RESERVED.has(word) ? `${word}_` : word}: ${this.#type(type)}`;
      })
      .join(", ");
  }

  #returned(result: WitType | undefined): string {
    if (result === undefined) return "void";
    if (result.kind !== "result") return this.#type(result);
    return result.ok === undefined ? "void" : this.#type(result.ok);
  }

  #type(type: WitType): string {
    switch (type.kind) {
      case "bool":
        return "boolean";
      case "s64":
      case "u64":
        return "bigint";
      case "char":
      case "string":
        return "string";
      case "list":
        return typedArrays[type.element.kind] ?? `Array<${this.#type(type.element)}>`;
      case "tuple":
        return `[${type.items.map((item) => this.#type(item)).join(", ")}]`;
      case "option":
        return isPlain(type)
          ? union([this.#type(type.value), "undefined"])
          : this.#cases([
              ["none", undefined],
              ["some", type.value],
            ]);
      case "result":
        return this.#cases([
          ["ok", type.ok],
          ["err", type.error],
        ]);
      case "own":
      case "borrow":
        return this.#resource(type.resource);
      case "record":
      case "variant":
      case "enum":
      case "flags":
        return this.#named(type);
      default:
        return "number";
    }
  }

  #cases(cases: readonly (readonly [string, WitType | undefined])[]): string {
    return union(
      cases.map(([tag, type]) =>
        type === undefined
          ? `{ tag: ${JSON.stringify(tag)}; val?: undefined }`
          : `{ tag: ${JSON.stringify(tag)}; val: ${this.#type(type)} }`,
      ),
    );
  }

  #named(type: NamedType): string {
    const name = this.#names.of(type);
    if (name === undefined) return this.#shape(type);
    if (!this.#declared.has(type)) {
      // In its place before its parts are: types do not contain themselves.
      this.#declared.set(type, "");
      const shape = this.#shape(type);
      this.#declared.delete(type);
      const declaration =
        shape.startsWith("{") && !shape.includes(" | {")
          ? `interface ${name} ${shape}`
          : `type ${name} = ${shape};`;
      this.#declared.set(type, `export ${declaration}\n`);
    }
    return name;
  }

  #shape(type: NamedType): string {
    switch (type.kind) {
      case "record":
        return `{\n${type.fields.map((field) => this.#field(field)).join("\n")}\n}`;
      case "flags":
        return `{\n${type.names.map((name) => `  ${camelCase(name)}?: boolean;`).join("\n")}\n}`;
      case "enum":
        return union(type.cases.map((name) => JSON.stringify(name)));
      case "variant":
        return this.#cases(type.cases.map((one) => [one.name, one.type] as const));
    }
  }

  #field({ name, type }: WitField): string {
    const optional = type.kind === "option" && isPlain(type) ? "?" : "";
    return `  ${camelCase(name)}${optional}: ${this.#type(type)};`;
  }

  /** What objects of a resource can do. */
  #resource(resource: WorldResource): string {
    const name = this.#names.ofResource(resource);
    if (this.#declared.has(resource)) return name;
    this.#declared.set(resource, "");
    const { methods } = this.#partsOf(
      resource,
      resource.imported ? this.#world.imports : this.#world.exports,
    );
    const members = methods.map(([member, one]) => {
      const [, ...parameters] = one.parameters;
      if (resource.imported) return this.#imported(one, member, parameters, "  ");
      const head = `${this.#docs(one, "  ")}  ${member}(${this.#parameters(parameters)})`;
      return `${head}: ${this.#returned(one.result)};`;
    });
    const dispose = resource.imported ? "[Symbol.dispose]?(): void;" : "[Symbol.dispose](): void;";
    this.#declared.set(
      resource,
      `export interface ${name} {\n${[...members, `  ${dispose}`].join("\n")}\n}\n`,
    );
    return name;
  }

  #docs({ docs, result }: WorldFunction, indent: string): string {
    const thrown =
      result?.kind === "result"
        ? `@throws with ${result.error === undefined ? "no payload" : `the payload ${showType(result.error)}`}`
        : "";
    const text = [docs?.trim() ?? "", thrown].filter((part) => part !== "").join("\n\n");
    return text === "" ? "" : `${comment(text, indent)}\n`;
  }
}

/** Whether `undefined` says that there is no value: not where the value may be `undefined` itself. */
function isPlain(type: Extract<WitType, { kind: "option" }>): boolean {
  return type.value.kind !== "option" || !isPlain(type.value);
}

function union(types: readonly string[]): string {
  return [...new Set(types)].join(" | ");
}

/** A comment that ends where it should: its text may come from anywhere. */
function comment(text: string, indent: string): string {
  const lines = text.replaceAll("*/", "*\\/").split(/\r?\n/);
  if (lines.length === 1) return `${indent}/** ${lines[0]} */`;
  return [`${indent}/**`, ...lines.map((line) => `${indent} * ${line}`.trimEnd()), `${indent} */`].join("\n");
}
