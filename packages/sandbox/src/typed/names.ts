import { camelCase, pascalCase, type WorldFunction } from "@twinwall/abi";

/** The component model's names of functions that belong to a resource. */
const OF_RESOURCE = /^\[(constructor|method|static)\]([^.]+)(?:\.(.+))?$/;

/** Which part of a resource a function is. */
export interface ResourcePart {
  readonly kind: "constructor" | "method" | "static";
  /** The resource, in kebab-case. */
  readonly resource: string;
  /** The function's own name, in kebab-case; empty for a constructor. */
  readonly member: string;
}

/** The resource that a function belongs to; `undefined` for a function of its own. */
export function resourcePart(name: string): ResourcePart | undefined {
  const [, kind, resource, member = ""] = OF_RESOURCE.exec(name) ?? [];
  if (kind === undefined || resource === undefined) return undefined;
  return { kind: kind as ResourcePart["kind"], resource, member };
}

/** The one full name of a function: `docs:calc/ops@0.1.0#add`, or `add` for one of the world itself. */
export function fullName({ interfaceName, name }: WorldFunction): string {
  return interfaceName === undefined ? name : `${interfaceName}#${name}`;
}

/** An interface's name without its version. */
export function withoutVersion(interfaceName: string): string {
  const at = interfaceName.lastIndexOf("@");
  return at < 0 ? interfaceName : interfaceName.slice(0, at);
}

/** Spellings of a function's own name: as in WIT, and as JavaScript has it. */
export function spellings(name: string): readonly string[] {
  const part = resourcePart(name);
  if (part === undefined) return [name, camelCase(name)];
  const { kind, resource, member } = part;
  if (kind === "constructor") return [name];
  return [name, `${resource}.${member}`, `${pascalCase(resource)}.${camelCase(member)}`];
}

/** The name in `names` that is most like `name`; `undefined` when none is alike. */
export function nearest(name: string, names: Iterable<string>): string | undefined {
  const plain = simplify(name);
  let found: string | undefined;
  let least = 3;
  for (const other of names) {
    const distance = editDistance(plain, simplify(other), least);
    if (distance < least) [found, least] = [other, distance];
  }
  return found;
}

function simplify(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, "")
    .slice(0, 100);
}

/** Levenshtein's distance; stops being exact at `limit`. */
function editDistance(one: string, other: string, limit: number): number {
  if (Math.abs(one.length - other.length) >= limit) return limit;
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const change = (row[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? limit;
}
