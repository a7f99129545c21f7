import type { WitType, World, WorldFunction, WorldResource } from "@twinwall/abi";
import type { NamedType } from "../type-names.js";
import { memberOf, type Names, word } from "./names.js";
import { areaOf, coreParameters, coreResult, liftAll, lowerAll, type Typed } from "./shims.js";
import type { Values } from "./values.js";

/**
 * Writes `world.ts`: the world's types, and what it imports: functions in a namespace for each interface, and a class for
 * each resource.
 */
export class WorldText {
  /** Declarations of `@external` functions. */
  readonly #externals: string[] = [];

  constructor(
    private readonly world: World,
    private readonly names: Names,
    private readonly values: Values,
  ) {}

  text(): string {
    const imports = this.#functions();
    const classes = this.world.resources.filter((one) => one.imported).map((one) => this.#class(one));
    const types = typesOf(this.world);
    const declarations = types.flatMap((type) => this.#declaration(type));
    const tuples = new Set(types.flatMap((type) => (type.kind === "tuple" ? [type.items.length] : [])));
    return [
      ...[...tuples].sort((a, b) => a - b).map(tupleText),
      ...declarations,
      ...this.#externals,
      ...classes,
      ...imports,
    ]
      .join("\n")
      .replaceAll(/\bworld\./g, "");
  }

  #declaration(type: WitType): string[] {
    switch (type.kind) {
      case "enum":
        return [enumText(this.names.declared(type), type.cases.map(word))];
      case "flags":
        return [this.#flags(type)];
      case "record":
        return [this.#record(type)];
      case "variant":
        return [this.#variant(type)];
      default:
        return [];
    }
  }

  #flags(type: NamedType & { kind: "flags" }): string {
    const bits = type.names.map((name, index) => `${word(name)} = 1 << ${index}`);
    return enumText(this.names.declared(type), bits);
  }

  #record(type: NamedType & { kind: "record" }): string {
    const fields = type.fields.map(
      (field) => `    public ${word(field.name)}: ${this.names.type(field.type, "")},`,
    );
    return `export class ${this.names.declared(type)} {\n  constructor(\n${fields.join("\n")}\n  ) {}\n}\n`;
  }

  #variant(type: NamedType & { kind: "variant" }): string {
    const name = this.names.declared(type);
    const tags = `${name}Tag`;
    const parts = type.cases.map((one) => {
      const label = word(one.name);
      if (one.type === undefined) {
        return `  static ${label}(): ${name} {\n    return new ${name}(${tags}.${label});\n  }\n`;
      }
      const payload = this.names.type(one.type, "");
      const later = this.values.scalar(one.type) === undefined || isHandle(one.type) ? "!" : "";
      return `  private ${label}$${later}: ${payload};

  static ${label}(value: ${payload}): ${name} {
    const made = new ${name}(${tags}.${label});
    made.${label}$ = value;
    return made;
  }

  get ${label}(): ${payload} {
    assert(this.tag == ${tags}.${label}, "it is another case");
    return this.${label}$;
  }
`;
    });
    const labels = enumText(
      tags,
      type.cases.map((one) => word(one.name)),
    );
    return `${labels}\nexport class ${name} {\n  constructor(readonly tag: ${tags}) {}\n\n${parts.join("\n")}}\n`;
  }

  /** Functions by interface. */
  #functions(): string[] {
    const plain = this.world.imports.filter((one) => memberOf(one) === undefined);
    const interfaces = new Set(plain.map((one) => one.interfaceName));
    return [...interfaces].map((interfaceName) => {
      const functions = plain
        .filter((one) => one.interfaceName === interfaceName)
        .map((one) => {
          const parameters = one.parameters.map((parameter) =>
            this.#parameter(parameter.name, parameter.type),
          );
          return `export function ${this.#head(word(one.name), parameters, one.result)} {\n${this.#body(one, parameters)}\n}\n`;
        });
      if (interfaceName === undefined) return functions.join("\n");
      return `export namespace ${this.names.namespace(interfaceName)} {\n${indent(functions.join("\n"))}}\n`;
    });
  }

  #parameter(name: string, type: WitType): Typed {
    return { text: word(name), type };
  }

  #head(name: string, parameters: readonly Typed[], result: WitType | undefined): string {
    const list = parameters.map(({ text, type }) => `${text}: ${this.names.type(type, "")}`).join(", ");
    return `${name}(${list}): ${result === undefined ? "void" : this.names.type(result, "")}`;
  }

  /** Statements that call an import. */
  #body(declared: WorldFunction, arguments_: readonly Typed[]): string {
    const name = `import$${this.#externals.length}`;
    const { before, core } = lowerAll(this.values, arguments_);
    const result = coreResult(declared.result);
    this.#external(name, declared, result);
    const lines = ["const mark$ = canonical.mark();", ...before];
    const call = `${name}(${[...core, ...(result === "memory" ? ["answer$"] : [])].join(", ")})`;
    const { result: type } = declared;
    if (result === "void" || type === undefined) {
      lines.push(`${call};`, "canonical.release(mark$);");
      return indent(lines.join("\n"));
    }
    if (result === "memory") {
      lines.push(`const answer$ = canonical.allocate(${areaOf(type)});`, `${call};`);
      lines.push(`const result$ = ${this.values.load(type, "answer$", 0)};`);
    } else {
      lines.push(`const core$ = ${call};`, ...this.#liftCore(type));
    }
    lines.push("canonical.release(mark$);", "return result$;");
    return indent(lines.join("\n"));
  }

  #liftCore(type: WitType): string[] {
    const { before, texts } = liftAll(this.values, [type], ["core$"]);
    return [...before, `const result$ = ${texts[0]};`];
  }

  #external(name: string, declared: WorldFunction, result: ReturnType<typeof coreResult>): void {
    const core: string[] = [...coreParameters(declared.parameters.map(({ type }) => type))];
    if (result === "memory") core.push("usize");
    this.#externals.push(
      external(name, declared.interfaceName, declared.name, core, result === "memory" ? "void" : result),
    );
  }

  /** The class of a resource that the host has. */
  #class(resource: WorldResource): string {
    const name = this.names.resource(resource, "");
    const members = this.world.imports
      .filter((one) => one.interfaceName === resource.interfaceName)
      .flatMap((one) => {
        const member = memberOf(one);
        return member?.resource === resource.name ? [this.#member(member, one)] : [];
      });
    const drop = `drop$${this.#externals.length}`;
    this.#externals.push(
      external(drop, resource.interfaceName, `[resource-drop]${resource.name}`, ["u32"], "void"),
    );
    return `export class ${name} {
  /** 0: it has been dropped, or given away. */
  handle: u32 = 0;

  static ofHandle(handle: u32): ${name} {
    const object = changetype<${name}>(__new(offsetof<${name}>(), idof<${name}>()));
    object.handle = handle;
    return object;
  }

${members.join("\n")}
  /** The handle, which is then somebody else's. */
  take(): u32 {
    const handle = this.handle;
    this.handle = 0;
    return handle;
  }

  /** Gives it back to the host. Does nothing the second time. */
  drop(): void {
    if (this.handle != 0) ${drop}(this.take());
  }
}
`;
  }

  #member(member: NonNullable<ReturnType<typeof memberOf>>, declared: WorldFunction): string {
    const all = declared.parameters.map((parameter) => this.#parameter(parameter.name, parameter.type));
    if (member.kind === "constructor" && declared.result?.kind === "own") {
      const list = all.map(({ text, type }) => `${text}: ${this.names.type(type, "")}`).join(", ");
      const body = this.#body(declared, all).replace("return result$;", "this.handle = result$.take();");
      return indent(`constructor(${list}) {\n${body}\n}\n`);
    }
    if (member.kind === "method") {
      const [self, ...rest] = all;
      const arguments_ = self === undefined ? rest : [{ text: "this", type: self.type }, ...rest];
      return indent(
        `${this.#head(word(member.member), rest, declared.result)} {\n${this.#body(declared, arguments_)}\n}\n`,
      );
    }
    // A constructor that may fail is a function like any other.
    const label = member.kind === "constructor" ? "create" : word(member.member);
    return indent(`static ${this.#head(label, all, declared.result)} {\n${this.#body(declared, all)}\n}\n`);
  }
}

/** An imported function's declaration. */
export function external(
  name: string,
  interfaceName: string | undefined,
  field: string,
  core: readonly string[],
  result: string,
): string {
  const parameters = core.map((type, index) => `p${index}: ${type}`).join(", ");
  const names = [interfaceName ?? "$root", field].map((text) => JSON.stringify(text)).join(", ");
  return `@external(${names})\ndeclare function ${name}(${parameters}): ${result};\n`;
}

/** All types of a world, parts before what they are parts of. */
function typesOf(world: World): readonly WitType[] {
  const seen = new Set<WitType>();
  const add = (type: WitType | undefined): void => {
    if (type === undefined || seen.has(type)) return;
    for (const part of partsOf(type)) add(part);
    seen.add(type);
  };
  for (const one of [...world.imports, ...world.exports]) {
    for (const { type } of one.parameters) add(type);
    add(one.result);
  }
  return [...seen];
}

function isHandle({ kind }: WitType): boolean {
  return kind === "own" || kind === "borrow";
}

function partsOf(type: WitType): readonly (WitType | undefined)[] {
  switch (type.kind) {
    case "list":
      return [type.element];
    case "option":
      return [type.value];
    case "result":
      return [type.ok, type.error];
    case "tuple":
      return type.items;
    case "record":
      return type.fields.map((field) => field.type);
    case "variant":
      return type.cases.map((one) => one.type);
    default:
      return [];
  }
}

function tupleText(items: number): string {
  const numbers = Array.from({ length: items }, (_, index) => index);
  const fields = numbers.map((index) => `    public item${index}: T${index},`);
  const types = numbers.map((index) => `T${index}`).join(", ");
  return `export class Tuple${items}<${types}> {\n  constructor(\n${fields.join("\n")}\n  ) {}\n}\n`;
}

function enumText(name: string, members: readonly string[]): string {
  return `export enum ${name} {\n${members.map((member) => `  ${member},`).join("\n")}\n}\n`;
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, "  ");
}
