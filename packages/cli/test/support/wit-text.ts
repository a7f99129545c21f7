import { showType, type WitType } from "@twinwall/abi";

/** Writes types as WIT, which has names for all records, variants, enums and flags. */
export class WitText {
  readonly #declarations: string[] = [];

  /** Declarations of the types so far. */
  get declarations(): string {
    return this.#declarations.join("\n");
  }

  of(type: WitType): string {
    const part = (one: WitType | undefined): string => (one === undefined ? "_" : this.of(one));
    const labelled = (
      parts: readonly { name: string; type: WitType | undefined }[],
      isCase: boolean,
    ): string =>
      parts
        .map(
          ({ name, type: one }) =>
            `%${name}${isCase ? (one === undefined ? "" : `(${part(one)})`) : `: ${part(one)}`}`,
        )
        .join(", ");
    switch (type.kind) {
      case "list":
        return `list<${part(type.element)}>`;
      case "option":
        return `option<${part(type.value)}>`;
      case "result":
        return type.ok === undefined && type.error === undefined
          ? "result"
          : `result<${part(type.ok)}${type.error === undefined ? "" : `, ${part(type.error)}`}>`;
      case "tuple":
        return `tuple<${type.items.map(part).join(", ")}>`;
      case "record":
        return this.#declare("record", labelled(type.fields, false));
      case "variant":
        return this.#declare("variant", labelled(type.cases, true));
      case "enum":
        return this.#declare("enum", type.cases.map((name) => `%${name}`).join(", "));
      case "flags":
        return this.#declare("flags", type.names.map((name) => `%${name}`).join(", "));
      default:
        return showType(type);
    }
  }

  #declare(kind: string, body: string): string {
    const name = `type-${this.#declarations.length}`.replace(/\d+/, (digits) => `n${digits}`);
    this.#declarations.push(`${kind} ${name} { ${body} }`);
    return name;
  }
}
