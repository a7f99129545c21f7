import type { WitType, World, WorldFunction } from "@twinwall/abi";

/**
 * The same world, in which equal types are one object: a type that several interfaces use may come once for each of them,
 * and would get several names.
 */
export function unifyTypes(world: World): World {
  const types = new Types();
  const functions = (list: readonly WorldFunction[]): WorldFunction[] =>
    list.map((one) => ({
      ...one,
      parameters: one.parameters.map(({ name, type }) => ({ name, type: types.of(type) })),
      result: one.result && types.of(one.result),
    }));
  return { ...world, imports: functions(world.imports), exports: functions(world.exports) };
}

class Types {
  readonly #seen = new Map<WitType, WitType>();
  readonly #known = new Map<string, WitType>();
  readonly #numbers = new Map<object, number>();

  of(type: WitType): WitType {
    const before = this.#seen.get(type);
    if (before !== undefined) return before;
    const rebuilt = this.#rebuild(type);
    const key = this.#key(rebuilt);
    const known = this.#known.get(key) ?? rebuilt;
    this.#known.set(key, known);
    this.#seen.set(type, known);
    return known;
  }

  /** The type of parts that are unified already. */
  #rebuild(type: WitType): WitType {
    const maybe = (one: WitType | undefined) => one && this.of(one);
    switch (type.kind) {
      case "list":
        return { ...type, element: this.of(type.element) };
      case "option":
        return { ...type, value: this.of(type.value) };
      case "result":
        return { ...type, ok: maybe(type.ok), error: maybe(type.error) };
      case "tuple":
        return { ...type, items: type.items.map((item) => this.of(item)) };
      case "record":
        return { ...type, fields: type.fields.map((one) => ({ ...one, type: this.of(one.type) })) };
      case "variant":
        return { ...type, cases: type.cases.map((one) => ({ ...one, type: maybe(one.type) })) };
      default:
        return type;
    }
  }

  /** Equal for types that are equal and have equal names; their parts are told by numbers. */
  #key(type: WitType): string {
    const isPart = (value: unknown): value is object =>
      typeof value === "object" &&
      value !== null &&
      !Array.isArray(value) &&
      ("kind" in value || "imported" in value);
    return JSON.stringify(type, (field, value: unknown) =>
      field !== "" && isPart(value) ? this.#number(value) : value,
    );
  }

  #number(part: object): number {
    const number = this.#numbers.get(part) ?? this.#numbers.size;
    this.#numbers.set(part, number);
    return number;
  }
}
