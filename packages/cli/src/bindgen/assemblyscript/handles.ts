import type { HandleType, WorldResource } from "@twinwall/abi";
import type { Names } from "./names.js";

/** How a type that is one core value is read and written. */
export interface Scalar {
  /** The type of `load` and `store`. */
  readonly memory: string;
  /** The value from what was loaded, or from a core value. */
  readonly read: (loaded: string) => string;
  /** What is stored, from the value. */
  readonly write: (value: string) => string;
}

/** The part of `values.ts` that knows handles: of the host's objects, and of objects that the guest gives out. */
export class Handles {
  /** Names of types of handles that are lent for a call. */
  readonly #lent = new Map<string, string>();
  readonly #tables = new Map<string, string>();

  constructor(private readonly names: Names) {}

  scalar({ kind, resource }: HandleType): Scalar {
    if (!resource.imported) return this.#given(kind, resource);
    const name = this.names.resource(resource, "world.");
    const make = kind === "own" ? `${name}.ofHandle` : this.#lend(resource, name);
    return {
      memory: "u32",
      read: (loaded) => `${make}(<u32>${loaded})`,
      write: (value) => `${value}.${kind === "own" ? "take()" : "handle"}`,
    };
  }

  /** An object of the guest's own: a borrowed one comes as its number, an owned one as a handle. */
  #given(kind: "own" | "borrow", resource: WorldResource): Scalar {
    const table = this.table(resource);
    const read = kind === "own" ? "take" : "get";
    return {
      memory: "u32",
      read: (loaded) => `${table}.${read}(<u32>${loaded})`,
      write: (value) => `${table}.give(${value})`,
    };
  }

  #lend(resource: WorldResource, type: string): string {
    const name = this.names.ident({ kind: "borrow", resource });
    const text = `const lent$${name}: ${type}[] = [];

/** Lent for this call only: \`give$Back\` ends it. */
export function read$${name}(handle: u32): ${type} {
  const object = ${type}.ofHandle(handle);
  lent$${name}.push(object);
  return object;
}
`;
    this.#lent.set(name, text);
    return `read$${name}`;
  }

  /** The namespace with the objects of an exported resource. */
  table(resource: WorldResource): string {
    const own = this.names.ident({ kind: "own", resource });
    const name = `table$${own}`;
    if (!this.#tables.has(name)) this.#tables.set(name, this.#tableText(name, own, resource));
    return name;
  }

  #tableText(name: string, own: string, resource: WorldResource): string {
    const type = this.names.resource(resource, "");
    const module = `[export]${resource.interfaceName ?? "$root"}`;
    const intrinsic = (what: string, as: string, result: string): string =>
      `@external(${JSON.stringify(module)}, "[resource-${what}]${resource.name}")
declare function ${as}$${own}(number: u32): ${result};`;
    return `${intrinsic("new", "new", "u32")}
${intrinsic("rep", "number", "u32")}
${intrinsic("drop", "drop", "void")}

export namespace ${name} {
  const objects = new canonical.Table<${type}>();

  export function get(number: u32): ${type} {
    return objects.get(number);
  }

  /** A new handle, for the host. */
  export function give(object: ${type}): u32 {
    return new$${own}(objects.add(object));
  }

  /** An object that the host gives back for good. */
  export function take(handle: u32): ${type} {
    const object = objects.get(number$${own}(handle));
    drop$${own}(handle);
    return object;
  }

  export function remove(number: u32): void {
    objects.remove(number);
  }
}
`;
  }

  /** Whether arguments may have been lent. */
  get lends(): boolean {
    return this.#lent.size > 0;
  }

  text(): string {
    const drops = [...this.#lent.keys()].map(
      (name) => `  while (lent$${name}.length > 0) lent$${name}.pop().drop();`,
    );
    const give$Back = `/** The call is over, and what was lent for it goes back. */\nexport function give$Back(): void {\n${drops.join("\n")}\n}\n`;
    return [...this.#tables.values(), ...this.#lent.values(), ...(this.lends ? [give$Back] : [])].join("\n");
  }
}
