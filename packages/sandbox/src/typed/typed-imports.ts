import {
  camelCase,
  imageProvides,
  pascalCase,
  showName,
  TwinwallError,
  type World,
  type WorldFunction,
  type WorldResource,
} from "@twinwall/abi";
import type { NamedHostFunction } from "../imports.js";
import { fullName, nearest, resourcePart, withoutVersion } from "./names.js";
import type { ResourceClasses } from "./resources.js";
import { type CurrentScope, ResourceDrop, TypedHostFunction } from "./typed-host-function.js";

type Implementation = (...values: unknown[]) => unknown;
type Class = new (...values: never[]) => object;

/** What a component is given. */
export interface TypedImports {
  /** A host call names one by its position. */
  readonly functions: readonly NamedHostFunction[];
  readonly classes: ResourceClasses;
}

/**
 * Holds a component's imports against what it is given; nothing of it runs before.
 *
 * @throws TwinwallError `E_IMPORT` naming all that is missing, `E_OPTION` naming what nobody imports.
 */
export function resolveTypedImports(
  world: World,
  host: Readonly<Record<string, unknown>>,
  current: CurrentScope,
): TypedImports {
  const given = new Given(world, host);
  const wanted = world.imports.filter((one) => !imageProvides(one.interfaceName));
  const resources = world.resources.filter((one) => one.imported && !imageProvides(one.interfaceName));
  const classes = new Map<WorldResource, Class>();
  const missing: string[] = [];
  for (const resource of resources) {
    const found = given.classOf(resource);
    if (found === undefined)
      missing.push(`${place(resource.interfaceName)}class ${pascalCase(resource.name)}`);
    else classes.set(resource, found);
  }
  const functions: NamedHostFunction[] = [];
  for (const declared of wanted) {
    const found = given.functionOf(declared);
    if (found === undefined) missing.push(fullName(declared));
    else functions.push(new TypedHostFunction(declared, found, current));
  }
  if (missing.length > 0) throw importError(missing, host);
  given.refuseUnused();
  functions.push(...resources.map((resource) => new ResourceDrop(resource, current)));
  return { functions, classes };
}

function place(interfaceName: string | undefined): string {
  return interfaceName === undefined ? "" : `${interfaceName}#`;
}

function importError(missing: readonly string[], host: Readonly<Record<string, unknown>>): TwinwallError {
  const given = Object.keys(host);
  const has = given.length === 0 ? "nothing was given" : `given are ${given.map(showName).join(", ")}`;
  return new TwinwallError(
    "E_IMPORT",
    `the component imports ${missing.map(showName).join(", ")}, which it is not given; ${has}`,
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/** Whether all that an object has are functions to be imported: an instance of a class has fields of its own. */
function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** What the caller gives, and what of it was taken. */
class Given {
  readonly #used = new Map<unknown, Set<string>>();
  readonly #interfaces: ReadonlySet<string>;

  constructor(
    world: World,
    private readonly host: Readonly<Record<string, unknown>>,
  ) {
    const names = [...world.imports, ...world.resources.filter((one) => one.imported)];
    this.#interfaces = new Set(names.flatMap((one) => one.interfaceName ?? []));
    this.#used.set(host, new Set());
  }

  functionOf(declared: WorldFunction): Implementation | undefined {
    const part = resourcePart(declared.name);
    if (part === undefined) {
      const home = this.#home(declared.interfaceName);
      const found = this.#take(home, [camelCase(declared.name), declared.name]);
      if (typeof found !== "function") return undefined;
      return (...values) => Reflect.apply(found, home, values);
    }
    const found = this.#take(this.#home(declared.interfaceName), [pascalCase(part.resource), part.resource]);
    if (typeof found !== "function") return undefined;
    const owner = found as unknown as Class & Readonly<Record<string, unknown>>;
    const member = camelCase(part.member);
    if (part.kind === "constructor") return (...values) => new owner(...(values as never[]));
    if (part.kind === "static") {
      const fixed: unknown = owner[member];
      return typeof fixed === "function" ? (...values) => Reflect.apply(fixed, owner, values) : undefined;
    }
    const method: unknown = Reflect.get(Object(owner.prototype), member);
    if (typeof method !== "function") return undefined;
    return (self, ...values) =>
      (self as Readonly<Record<string, Implementation>>)[member]?.call(self, ...values);
  }

  classOf({ interfaceName, name }: WorldResource): Class | undefined {
    const found = this.#take(this.#home(interfaceName), [pascalCase(name), name]);
    return typeof found === "function" ? (found as Class) : undefined;
  }

  /** @throws TwinwallError `E_OPTION` for what nobody imports, be it misspelt or surplus. */
  refuseUnused(): void {
    for (const [owner, used] of this.#used) {
      if (!isPlain(owner)) continue;
      for (const name of Object.keys(owner)) {
        if (used.has(name)) continue;
        const near = nearest(name, used);
        const hint = near === undefined ? "" : `; did you mean ${showName(near)}?`;
        const inside = owner === this.host ? "" : ` of ${showName(this.#nameOf(owner))}`;
        throw new TwinwallError(
          "E_OPTION",
          `host: the component imports no ${showName(name)}${inside}${hint}`,
        );
      }
    }
  }

  #nameOf(owner: unknown): string {
    return Object.keys(this.host).find((name) => this.host[name] === owner) ?? "";
  }

  /** The object that an interface's functions are taken from. */
  #home(interfaceName: string | undefined): unknown {
    if (interfaceName === undefined) return this.host;
    const plain = withoutVersion(interfaceName);
    const versions = [...this.#interfaces].filter((name) => withoutVersion(name) === plain);
    return this.#take(this.host, versions.length === 1 ? [interfaceName, plain] : [interfaceName]);
  }

  #take(owner: unknown, names: readonly string[]): unknown {
    if (!isObject(owner)) return undefined;
    const name = names.find((one) => Object.hasOwn(owner, one) || (owner !== this.host && one in owner));
    if (!this.#used.has(owner)) this.#used.set(owner, new Set());
    if (name === undefined) return undefined;
    this.#used.get(owner)?.add(name);
    return owner[name];
  }
}
