import { casesLayout, layoutOf, payloadsOf, sequenceLayout, type WitType } from "@twinwall/abi";
import { flatten } from "./flat.js";
import type { Handles, Scalar } from "./handles.js";
import { type Names, typedArrays, word } from "./names.js";

/** How the parts of a type with cases are told apart and made. */
interface Cases {
  readonly discriminant: (value: string) => string;
  /** The value with case `index`. */
  readonly make: (index: number, payload: string) => string;
  readonly payload: (value: string, index: number) => string;
}

/**
 * Writes `values.ts`: for each type that a function needs, functions that read it from memory (`load$…`) and from core
 * values in slots (`lift$…`), and that write it (`store$…`, `lower$…`). In a slot of eight bytes a value means the same whatever core
 * type the cases of a variant share, so that no conversions are needed between them.
 */
export class Values {
  readonly #texts = new Map<string, string>();

  constructor(
    private readonly names: Names,
    private readonly handles: Handles,
  ) {}

  /** All functions that were asked for. */
  text(): string {
    return [...this.#texts.values()].join("\n");
  }

  /** An expression that reads a value from memory. */
  load(type: WitType, at: string, offset: number): string {
    const scalar = this.scalar(type);
    if (scalar !== undefined) return scalar.read(`load<${scalar.memory}>(${at}${behind(offset)})`);
    if (type.kind === "string") return `canonical.textAt(${pair(at, offset, 4)})`;
    if (type.kind === "list") return this.#list(type.element, pair(at, offset, 4));
    return `${this.#function("load", type)}(${plus(at, offset)})`;
  }

  /** A statement that writes a value to memory. */
  store(type: WitType, at: string, offset: number, value: string): string {
    const scalar = this.scalar(type);
    if (scalar !== undefined)
      return `store<${scalar.memory}>(${at}, ${scalar.write(value)}${behind(offset)});`;
    return `${this.#function("store", type)}(${plus(at, offset)}, ${value});`;
  }

  /** An expression that reads a value from slots. */
  lift(type: WitType, at: string, slot: number): string {
    const scalar = this.scalar(type);
    if (scalar !== undefined) return scalar.read(`load<${scalar.memory}>(${at}${behind(8 * slot)})`);
    if (type.kind === "string") return `canonical.textAt(${pair(at, 8 * slot, 8)})`;
    if (type.kind === "list") return this.#list(type.element, pair(at, 8 * slot, 8));
    return `${this.#function("lift", type)}(${plus(at, 8 * slot)})`;
  }

  /** A statement that writes a value to slots. */
  lower(type: WitType, at: string, slot: number, value: string): string {
    const scalar = this.scalar(type);
    if (scalar !== undefined) {
      const [core] = flatten(type);
      const bits = { i32: "<u32>", i64: "<u64>", f32: "reinterpret<u32>", f64: "reinterpret<u64>" }[
        core ?? "i32"
      ];
      return `store<u64>(${at}, ${bits}(${scalar.write(value)})${behind(8 * slot)});`;
    }
    return `${this.#function("lower", type)}(${plus(at, 8 * slot)}, ${value});`;
  }

  /** An expression that reads a list by its pointer and length. */
  listAt(type: WitType & { kind: "list" }, pointer: string, length: string): string {
    return this.#list(type.element, `${pointer}, ${length}`);
  }

  /** How a type of one core value is read and written; `undefined` for other types. */
  scalar(type: WitType): Scalar | undefined {
    const cast = (name: string, memory = name): Scalar => ({
      memory,
      read: (loaded) => `<${name}>${loaded}`,
      write: (value) => value,
    });
    switch (type.kind) {
      case "bool":
        return { memory: "u8", read: (loaded) => `${loaded} != 0`, write: (value) => `<u8>(${value})` };
      case "enum":
      case "flags":
        return { ...cast("i32", `u${8 * layoutOf(type).size}`), write: (value) => `<i32>${value}` };
      case "own":
      case "borrow":
        return this.handles.scalar(type);
      default: {
        const name = this.names.type(type, "");
        return /^[iuf]\d+$/.test(name) ? cast(name) : undefined;
      }
    }
  }

  #list(element: WitType, place: string): string {
    const typed = typedArrays[element.kind];
    if (typed !== undefined) return `canonical.arrayAt<${typed}>(${place})`;
    const name = `list$${this.names.ident(element)}`;
    if (!this.#texts.has(name)) {
      const type = this.names.type(element, "world.");
      // Its place, before it asks for others: they must not ask for it again.
      this.#texts.set(name, "");
      const { size } = layoutOf(element);
      const text = `export function ${name}(pointer: usize, length: usize): Array<${type}> {
  const list = new Array<${type}>(<i32>length);
  for (let index = 0; index < <i32>length; index++) {
    const at = pointer + <usize>index * ${size};
    list[index] = ${this.load(element, "at", 0)};
  }
  return list;
}
`;
      this.#texts.set(name, text);
    }
    return `${name}(${place})`;
  }

  /** The name of a function for a type that is no scalar; it is written when it is first asked for. */
  #function(what: "load" | "store" | "lift" | "lower", type: WitType): string {
    const name = `${what}$${this.names.ident(type)}`;
    if (this.#texts.has(name)) return name;
    this.#texts.set(name, "");
    const text = what === "load" || what === "lift" ? this.#reader(what, type) : this.#writer(what, type);
    const full = this.names.type(type, "world.");
    const head =
      what === "load" || what === "lift"
        ? `export function ${name}(at: usize): ${full} {`
        : `export function ${name}(at: usize, value: ${full}): void {`;
    this.#texts.set(name, `${head}\n${text}\n}\n`);
    return name;
  }

  #reader(what: "load" | "lift", type: WitType): string {
    const full = this.names.type(type, "world.");
    const parts = partsOf(type);
    if (parts !== undefined) {
      const places = this.#places(
        what,
        parts.map(([, part]) => part),
      );
      const values = parts.map(([, part], index) => `    ${this.#read(what, part, places[index] ?? 0)},`);
      return `  return new ${full}(\n${values.join("\n")}\n  );`;
    }
    const cases = this.#cases(type);
    const payloads = payloadsOf(type);
    const layout = casesLayout(payloads);
    const place = what === "load" ? layout.payload : 1;
    const made = payloads.map((payload, index) =>
      cases.make(index, payload === undefined ? "world.unit" : this.#read(what, payload, place)),
    );
    const discriminant = `load<u${what === "load" ? 8 * layout.discriminant : 32}>(at)`;
    if (made.length === 2 && type.kind !== "variant") {
      return `  return ${discriminant} == 0\n    ? ${made[0]}\n    : ${made[1]};`;
    }
    const lines = made.map((text, index) => `    case ${index}:\n      return ${text};`);
    return `  switch (${discriminant}) {\n${lines.join("\n")}\n    default:\n      return unreachable();\n  }`;
  }

  #writer(what: "store" | "lower", type: WitType): string {
    const put = `  canonical.${what === "store" ? "storePair" : "slotPair"}`;
    if (type.kind === "string") return `${put}(at, canonical.copyText(value), value.length);`;
    if (type.kind === "list") return this.#listWriter(put, type.element);
    const parts = partsOf(type);
    if (parts !== undefined) {
      const places = this.#places(
        what === "store" ? "load" : "lift",
        parts.map(([, part]) => part),
      );
      return parts
        .map(([name, part], index) => `  ${this.#write(what, part, places[index] ?? 0, `value.${name}`)}`)
        .join("\n");
    }
    const cases = this.#cases(type);
    const payloads = payloadsOf(type);
    const layout = casesLayout(payloads);
    const place = what === "store" ? layout.payload : 1;
    const discriminant =
      what === "store"
        ? `  store<u${8 * layout.discriminant}>(at, <u32>(${cases.discriminant("value")}));`
        : `  store<u64>(at, <u32>(${cases.discriminant("value")}));`;
    const lines = payloads.flatMap((payload, index) =>
      payload === undefined
        ? []
        : [
            `  if ((${cases.discriminant("value")}) == ${index}) {`,
            `    ${this.#write(what, payload, place, cases.payload("value", index))}`,
            "  }",
          ],
    );
    return [discriminant, ...lines].join("\n");
  }

  #listWriter(put: string, element: WitType): string {
    if (typedArrays[element.kind] !== undefined)
      return `${put}(at, canonical.copyArray(value), value.length);`;
    const { size, align } = layoutOf(element);
    return `  const pointer = canonical.allocate(<usize>value.length * ${size}, ${align});
  for (let index = 0; index < value.length; index++) {
    const place = pointer + <usize>index * ${size};
    ${this.store(element, "place", 0, "value[index]")}
  }
${put}(at, pointer, value.length);`;
  }

  #read(what: "load" | "lift", type: WitType, place: number): string {
    return what === "load" ? this.load(type, "at", place) : this.lift(type, "at", place);
  }

  #write(what: "store" | "lower", type: WitType, place: number, value: string): string {
    return what === "store" ? this.store(type, "at", place, value) : this.lower(type, "at", place, value);
  }

  /** Offsets in memory, or numbers of slots. */
  #places(what: "load" | "lift", types: readonly WitType[]): readonly number[] {
    if (what === "load") return sequenceLayout(types).offsets;
    let next = 0;
    return types.map((type) => {
      next += flatten(type).length;
      return next - flatten(type).length;
    });
  }

  #cases(type: WitType): Cases {
    if (type.kind === "variant") {
      const name = this.names.type(type, "world.");
      return {
        discriminant: (value) => `${value}.tag`,
        make: (index, payload) => {
          const one = type.cases[index];
          return `${name}.${word(one?.name ?? "")}(${one?.type === undefined ? "" : payload})`;
        },
        payload: (value, index) => `${value}.${word(type.cases[index]?.name ?? "")}`,
      };
    }
    if (type.kind === "option") {
      const of = this.names.type(type.value, "world.");
      return {
        discriminant: (value) => `${value}.isSome ? 1 : 0`,
        make: (index, payload) =>
          index === 0 ? `world.Option.none<${of}>()` : `world.Option.some<${of}>(${payload})`,
        payload: (value) => `${value}.value`,
      };
    }
    const { ok, error } = type as WitType & { kind: "result" };
    const both = `${this.names.payload(ok, "world.")}, ${this.names.payload(error, "world.")}`;
    return {
      discriminant: (value) => `${value}.isOk ? 0 : 1`,
      make: (index, payload) => `world.Result.${index === 0 ? "ok" : "error"}<${both}>(${payload})`,
      payload: (value, index) => `${value}.${index === 0 ? "value" : "error"}`,
    };
  }
}

/** Parts that come one behind the other, by the name of their field. */
function partsOf(type: WitType): readonly (readonly [string, WitType])[] | undefined {
  if (type.kind === "record") return type.fields.map((field) => [word(field.name), field.type]);
  if (type.kind === "tuple") return type.items.map((item, index) => [`item${index}`, item]);
  return undefined;
}

function behind(offset: number): string {
  return offset === 0 ? "" : `, ${offset}`;
}

function plus(at: string, offset: number): string {
  return offset === 0 ? at : `${at} + ${offset}`;
}

/** A pointer and a length that lie `distance` bytes apart. */
function pair(at: string, offset: number, distance: number): string {
  return `load<usize>(${at}${behind(offset)}), load<usize>(${at}, ${offset + distance})`;
}
