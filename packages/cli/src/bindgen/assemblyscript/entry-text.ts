import { pascalCase, type World, type WorldFunction } from "@twinwall/abi";
import type { Handles } from "./handles.js";
import { memberOf, type Names, word } from "./names.js";
import { areaOf, coreParameters, coreResult, liftAll, lowerAll } from "./shims.js";
import type { Values } from "./values.js";

/** `entry.ts`, and the names that its exports have for the component model. */
export interface Entry {
  readonly text: string;
  readonly names: Readonly<Record<string, readonly string[]>>;
}

const REALLOC = `export function cabi_realloc(old: usize, oldSize: usize, align: usize, size: usize): usize {
  return canonical.reallocate(old, oldSize, align, size);
}
`;

const RELEASE = `/** The host has read the result. */
export function release(_result: usize): void {
  canonical.reset();
}
`;

/** Writes what the host calls: each export reads its arguments, calls the guest's own function, and writes the result. */
export function entryText(world: World, names: Names, values: Values, handles: Handles): Entry {
  const shims = world.exports.map((one, index) => shim(one, `export${index}`, names, values));
  const lends = handles.lends;
  const inMemory = world.exports.filter((one) => coreResult(one.result) === "memory");
  const exported: Record<string, readonly string[]> = {
    cabi_realloc: ["cabi_realloc"],
    ...(inMemory.length > 0 && { release: inMemory.map((one) => `cabi_post_${fullName(one)}`) }),
  };
  world.exports.forEach((one, index) => {
    exported[`export${index}`] = [fullName(one)];
  });
  const destructors = world.resources
    .filter((one) => !one.imported)
    .map((resource, index) => {
      exported[`destroy${index}`] = [`${resource.interfaceName}#[dtor]${resource.name}`];
      return `export function destroy${index}(number: u32): void {\n  ${handles.table(resource)}.remove(number);\n}\n`;
    });
  const text = [
    REALLOC,
    ...(inMemory.length > 0 ? [RELEASE] : []),
    ...shims.map((one) => one(lends)),
    ...destructors,
  ].join("\n");
  return { text, names: exported };
}

function fullName({ interfaceName, name }: WorldFunction): string {
  return interfaceName === undefined ? name : `${interfaceName}#${name}`;
}

/** The text of an export, once it is known whether arguments may be lent. */
function shim(
  declared: WorldFunction,
  name: string,
  names: Names,
  values: Values,
): (lends: boolean) => string {
  const types = declared.parameters.map(({ type }) => type);
  const core = coreParameters(types);
  const { before, texts } = liftAll(
    values,
    types,
    core.map((_, index) => `p${index}`),
  );
  const result = coreResult(declared.result);
  const parameters = core.map((type, index) => `p${index}: ${type}`).join(", ");
  const lines = [...before, ...texts.map((text, index) => `const a${index} = ${text};`)];
  const call = callText(declared, names);
  const after = lower(declared, values, result);
  return (lends) => {
    const clean = ["canonical.reset();", ...(lends ? ["give$Back();"] : [])];
    const body = [...lines, `${result === "void" ? "" : "const result = "}${call};`, ...clean, ...after];
    const type = result === "memory" ? "usize" : result;
    const head = `/** ${fullName(declared).replaceAll("*/", "")} */\nexport function ${name}(${parameters}): ${type} {`;
    return [head, ...body.map((line) => `  ${line}`), "}\n"].join("\n");
  };
}

/** The call of the guest's own function. */
function callText(declared: WorldFunction, names: Names): string {
  const arguments_ = declared.parameters.map((_, index) => `a${index}`);
  const place =
    declared.interfaceName === undefined ? "guest" : `guest.${names.namespace(declared.interfaceName)}`;
  const member = memberOf(declared);
  if (member === undefined) return `${place}.${word(declared.name)}(${arguments_.join(", ")})`;
  const type = `${place}.${pascalCase(member.resource)}`;
  if (member.kind === "method") {
    const [self, ...rest] = arguments_;
    return `${self}.${word(member.member)}(${rest.join(", ")})`;
  }
  if (member.kind === "static") return `${type}.${word(member.member)}(${arguments_.join(", ")})`;
  return declared.result?.kind === "own"
    ? `new ${type}(${arguments_.join(", ")})`
    : `${type}.create(${arguments_.join(", ")})`;
}

function lower({ result: type }: WorldFunction, values: Values, result: string): string[] {
  if (type === undefined) return [];
  if (result === "memory") {
    return [
      `const area = canonical.allocate(${areaOf(type)});`,
      values.store(type, "area", 0, "result"),
      "return area;",
    ];
  }
  const { before, core } = lowerAll(values, [{ text: "result", type }]);
  return [...before, `return ${core[0]};`];
}
