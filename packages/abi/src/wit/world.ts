import { TwinwallError } from "../error.js";
import { BadTable, FlatTable } from "../flat-table.js";
import { camelCase, isFunctionName, isInterfaceName, isKebab } from "./names.js";
import type { PlainKind, WitField, WitType, World, WorldFunction, WorldResource } from "./types.js";

/** What stands for "no type" in `schema/world.fbs`. */
export const NO_TYPE = 2 ** 32 - 1;

/** Deepest nesting of types. */
const MOST_DEPTH = 100;

/**
 * Most parts of a type, with the parts of its parts: a type may be a part of others many times over, so that few of them
 * make one that nobody has the memory for. Validation of components sets the same bound.
 */
const MOST_PARTS = 1_000_000;

/** Names of type kinds in the order of their numbers. */
export const typeKinds: readonly WitType["kind"][] = [
  ...([
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
  ] as const),
  ...(["list", "record", "tuple", "variant", "enum", "flags", "option", "result", "own", "borrow"] as const),
];

// Positions of the fields in schema/world.fbs.
const worldSlot = { name: 0, types: 1, resources: 2, imports: 3, exports: 4 } as const;
const typeSlot = { kind: 0, name: 1, labels: 3, types: 4, resource: 5 } as const;
const resourceSlot = { name: 0, interfaceName: 1, imported: 2 } as const;
const functionSlot = {
  name: 0,
  interfaceName: 1,
  parameterNames: 2,
  parameters: 3,
  result: 4,
  docs: 5,
} as const;

/**
 * Reads a world; every offset, reference and name in it is checked.
 *
 * @throws TwinwallError `E_BAD_MODULE` for what is no world.
 */
export function decodeWorld(bytes: Uint8Array): World {
  try {
    return readWorld(FlatTable.root(bytes));
  } catch (error) {
    if (error instanceof BadTable) {
      throw new TwinwallError("E_BAD_MODULE", `world: it is cut short or corrupted: ${error.message}`);
    }
    throw error;
  }
}

/** Reads a world's table. @throws BadTable */
export function readWorld(table: FlatTable): World {
  const resources = table.tables(worldSlot.resources).map(readResource);
  const types = new Types(resources);
  for (const type of table.tables(worldSlot.types)) types.add(type);
  const functions = (slot: number) => table.tables(slot).map((one) => readFunction(one, types));
  return {
    name: interfaceName(table.text(worldSlot.name)),
    resources,
    imports: functions(worldSlot.imports),
    exports: functions(worldSlot.exports),
  };
}

function readResource(table: FlatTable): WorldResource {
  return {
    name: label(need(table.text(resourceSlot.name), "name of a resource")),
    interfaceName: interfaceName(table.text(resourceSlot.interfaceName)),
    imported: table.byte(resourceSlot.imported) !== 0,
  };
}

function readFunction(table: FlatTable, types: Types): WorldFunction {
  const names = table.texts(functionSlot.parameterNames).map(label);
  const parameters = table.numbers(functionSlot.parameters);
  if (names.length !== parameters.length) throw new BadTable("a parameter has no name or no type");
  unique(names);
  const result = table.number(functionSlot.result, NO_TYPE);
  const docs = table.text(functionSlot.docs);
  return {
    name: functionName(need(table.text(functionSlot.name), "name of a function")),
    interfaceName: interfaceName(table.text(functionSlot.interfaceName)),
    parameters: parameters.map(
      (type, index): WitField => ({ name: names[index] as string, type: types.at(type) }),
    ),
    result: types.maybe(result),
    ...(docs !== undefined && { docs }),
  };
}

interface Entry {
  readonly type: WitType;
  readonly depth: number;
  /** Parts of its parts, and itself. */
  readonly count: number;
}

/** Types by number. Each refers to earlier ones only, so none is part of itself. */
class Types {
  readonly #types: Entry[] = [];

  constructor(private readonly resources: readonly WorldResource[]) {}

  add(table: FlatTable): void {
    const parts = table.numbers(typeSlot.types);
    let [depth, count] = [1, 1];
    for (const part of parts) {
      if (part === NO_TYPE) continue;
      const entry = this.#entry(part);
      depth = Math.max(depth, entry.depth + 1);
      count += entry.count;
    }
    if (depth > MOST_DEPTH) throw new BadTable(`its types are nested more than ${MOST_DEPTH} deep`);
    const type = this.#read(table, parts);
    if (type.kind === "flags") count += type.names.length;
    if (count > MOST_PARTS) throw new BadTable(`a type has more than ${MOST_PARTS} parts`);
    this.#types.push({ type, depth, count });
  }

  at(number: number): WitType {
    return this.#entry(number).type;
  }

  maybe(number: number): WitType | undefined {
    return number === NO_TYPE ? undefined : this.at(number);
  }

  #entry(number: number): Entry {
    return need(this.#types[number], `type ${number}`);
  }

  #read(table: FlatTable, parts: readonly number[]): WitType {
    const kind = need(typeKinds[table.byte(typeSlot.kind)], "kind of a type");
    const name = table.text(typeSlot.name);
    const named = name === undefined ? {} : { name: label(name) };
    switch (kind) {
      case "list":
        return { kind, element: this.#only(parts) };
      case "option":
        return { kind, value: this.#only(parts) };
      case "result":
        if (parts.length !== 2) throw new BadTable("a result has other than two types");
        return { kind, ok: this.maybe(parts[0] as number), error: this.maybe(parts[1] as number) };
      case "tuple":
        return { kind, items: some(parts.map((part) => this.at(part))) };
      case "record":
        return { kind, ...named, fields: this.#labelled(table, parts, (part) => this.at(part)) };
      case "variant":
        return { kind, ...named, cases: this.#labelled(table, parts, (part) => this.maybe(part)) };
      case "enum":
        return { kind, ...named, cases: labels(table) };
      case "flags":
        return { kind, ...named, names: labels(table) };
      case "own":
      case "borrow":
        return {
          kind,
          resource: need(this.resources[table.number(typeSlot.resource)], "resource of a handle"),
        };
      default:
        return plain(kind);
    }
  }

  #only(parts: readonly number[]): WitType {
    if (parts.length !== 1) throw new BadTable("a list or option has other than one type");
    return this.at(parts[0] as number);
  }

  #labelled<Type>(
    table: FlatTable,
    parts: readonly number[],
    read: (part: number) => Type,
  ): { name: string; type: Type }[] {
    const names = labels(table);
    if (names.length !== parts.length) throw new BadTable("a field or case has no name or no type");
    return names.map((name, index) => ({ name, type: read(parts[index] as number) }));
  }
}

const plainTypes = new Map<PlainKind, WitType>();

/** One object for each kind. */
function plain(kind: PlainKind): WitType {
  const known = plainTypes.get(kind);
  if (known !== undefined) return known;
  const type: WitType = { kind };
  plainTypes.set(kind, type);
  return type;
}

function labels(table: FlatTable): readonly string[] {
  return unique(some(table.texts(typeSlot.labels).map(label)));
}

/** Types without a part would have no bytes, and a list could claim any number of them. */
function some<Item>(items: readonly Item[]): readonly Item[] {
  if (items.length === 0) throw new BadTable("a type has no parts");
  return items;
}

function label(name: string): string {
  if (!isKebab(name)) throw new BadTable("a name is none of WIT");
  return name;
}

function functionName(name: string): string {
  if (!isFunctionName(name)) throw new BadTable("a function's name is none of WIT");
  return name;
}

function interfaceName(name: string | undefined): string | undefined {
  if (name !== undefined && !isInterfaceName(name)) throw new BadTable("an interface's name is none of WIT");
  return name;
}

/** Names must differ as JavaScript names too. */
function unique(names: readonly string[]): readonly string[] {
  if (new Set(names.map(camelCase)).size !== names.length) throw new BadTable("a name comes twice");
  return names;
}

function need<Value>(value: Value | undefined, piece: string): Value {
  if (value === undefined) throw new BadTable(`${piece} is missing or unknown`);
  return value;
}
