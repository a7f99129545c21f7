import type { WitType } from "@twinwall/abi";

const MEMORY = `
  (core module $Memory
    (memory (export "memory") 4)
    (global $next (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $result i32)
      (local.set $result (i32.and
        (i32.add (global.get $next) (i32.sub (local.get 2) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get 2))))
      (global.set $next (i32.add (local.get $result) (local.get 3)))
      (if (i32.gt_u (global.get $next) (i32.const 262144)) (then unreachable))
      (local.get $result)))
  (core instance $memory (instantiate $Memory))
  (alias core export $memory "memory" (core memory $mem))
  (alias core export $memory "realloc" (core func $realloc))
  (core module $Main
    (import "memory" "memory" (memory 4))
    (func (export "echo") (param i32 i32) (result i32)
      (i32.store (i32.const 16) (local.get 0))
      (i32.store (i32.const 20) (local.get 1))
      (i32.const 16)))
  (core instance $main (instantiate $Main (with "memory" (instance $memory))))`;

/** Text of a component whose functions `echo0` … return what they are given: lists, of whatever elements. */
export function echoComponent(lists: readonly WitType[]): string {
  const types = new TypeText();
  const functions = lists.map((type, index) => {
    const value = types.of(type);
    return `(func (export "echo${index}") (param "value" ${value}) (result ${value})
      (canon lift (core func $main "echo") (memory $mem) (realloc (core func $realloc))))`;
  });
  return `(component ${MEMORY}\n${types.definitions.join("\n")}\n${functions.join("\n")})`;
}

/** Definitions of types, each once: a component has a name but once. */
class TypeText {
  readonly definitions: string[] = [];
  readonly #known = new Map<string, string>();

  /** The name of a type, or what stands for one. */
  of(type: WitType): string {
    const key = JSON.stringify(type);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const name = this.#define(type);
    this.#known.set(key, name);
    return name;
  }

  #define(type: WitType): string {
    const body = this.#body(type);
    if (body === undefined) return type.kind;
    const number = this.definitions.length;
    const hasName = "name" in type && type.name !== undefined;
    this.definitions.push(`(type $t${number} ${body})`);
    if (!hasName) return `$t${number}`;
    this.definitions.push(`(import "${type.name}" (type $n${number} (eq $t${number})))`);
    return `$n${number}`;
  }

  #body(type: WitType): string | undefined {
    const part = (one: WitType | undefined) => (one === undefined ? "" : ` ${this.of(one)}`);
    const named = (word: string, parts: readonly { name: string; type?: WitType | undefined }[]) =>
      parts.map((one) => `(${word} "${one.name}"${part(one.type)})`).join(" ");
    const quoted = (names: readonly string[]) => names.map((name) => `"${name}"`).join(" ");
    switch (type.kind) {
      case "list":
        return `(list${part(type.element)})`;
      case "option":
        return `(option${part(type.value)})`;
      case "tuple":
        return `(tuple${type.items.map(part).join("")})`;
      case "record":
        return `(record ${named("field", type.fields)})`;
      case "variant":
        return `(variant ${named("case", type.cases)})`;
      case "enum":
        return `(enum ${quoted(type.cases)})`;
      case "flags":
        return `(flags ${quoted(type.names)})`;
      case "result":
        return `(result${part(type.ok)}${type.error === undefined ? "" : ` (error${part(type.error)})`})`;
      default:
        return undefined;
    }
  }
}
