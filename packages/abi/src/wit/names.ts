// Words of letters and digits, joined by hyphens; each word is all lower or all upper case, and the first begins with a
// letter. For each text there is one way to match, so that a hostile one takes no longer than its length.
const KEBAB =
  /^(?:[a-z][a-z0-9]*|[A-Z][A-Z0-9]*)(?:-(?:[0-9]+(?:[a-z][a-z0-9]*|[A-Z][A-Z0-9]*)?|[a-z][a-z0-9]*|[A-Z][A-Z0-9]*))*$/;

/** Longest name of a label. */
const MOST_CHARACTERS = 200;

/** Whether `name` is a name as WIT has them. */
export function isKebab(name: string): boolean {
  return name.length <= MOST_CHARACTERS && KEBAB.test(name);
}

const OF_RESOURCE = /^\[(constructor|method|static)\]([^.]*)(?:\.(.*))?$/;

/** Whether `name` is one that a function may have: `f`, `[constructor]r`, `[method]r.f` or `[static]r.f`. */
export function isFunctionName(name: string): boolean {
  if (!name.startsWith("[")) return isKebab(name);
  const [, kind, resource = "", member] = OF_RESOURCE.exec(name) ?? [];
  if (!isKebab(resource)) return false;
  return kind === "constructor" ? member === undefined : isKebab(member ?? "");
}

/** Longest name of an interface or a world. */
const MOST_OF_INTERFACE = 500;

/** Whether `name` may be that of an interface or a world: it is printable and bounded; what it means, others know. */
export function isInterfaceName(name: string): boolean {
  return name.length <= MOST_OF_INTERFACE && /^[!-~]+$/.test(name);
}

/**
 * The JavaScript name of a WIT name.
 *
 * @example
 * ```ts
 * camelCase("user-id"); // => "userId"
 * ```
 */
export function camelCase(kebab: string): string {
  return kebab
    .split("-")
    .map((word, index) => (index === 0 ? word.toLowerCase() : capital(word)))
    .join("");
}

/**
 * The JavaScript name of a WIT resource.
 *
 * @example
 * ```ts
 * pascalCase("tcp-socket"); // => "TcpSocket"
 * ```
 */
export function pascalCase(kebab: string): string {
  return kebab.split("-").map(capital).join("");
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1).toLowerCase();
}

const PROVIDED = /^wasi:(cli|io|clocks|random|filesystem|sockets|http)\/[^@]+@0\.2\.\d+$/;

/** Whether the guest runtime itself implements an interface: WASI 0.2. */
export function imageProvides(interfaceName: string | undefined): boolean {
  return interfaceName !== undefined && PROVIDED.test(interfaceName);
}
