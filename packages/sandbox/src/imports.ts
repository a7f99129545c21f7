import {
  type ArtifactFacts,
  type BootHostFunction,
  type CoreType,
  type ModuleImport,
  type ScalarKind,
  showName,
  showSignature,
  TwinwallError,
} from "@twinwall/abi";
import type { HostFunction } from "./host-function.js";
import { wasiFunctions } from "./wasi.js";

/** A host function under its name, as the guest runtime and the dispatcher know it. */
export interface NamedHostFunction {
  readonly name: string;
  readonly declared: HostFunction;
  /** What the guest runtime is told. */
  readonly boot: BootHostFunction;
}

/**
 * Holds a module's imports against what it is given; nothing of it runs before.
 *
 * @returns The host functions that the module imports, in a fixed order: a host call names one by its position.
 * @throws TwinwallError `E_IMPORT` naming all imports that nobody gives, `E_TYPE` for a host function of another shape.
 */
export function resolveImports(
  facts: ArtifactFacts,
  host: Readonly<Record<string, HostFunction>>,
): readonly NamedHostFunction[] {
  const unknown = facts.imports.filter((item) => !isGiven(item, host));
  if (unknown.length > 0) throw importError(unknown, host);
  const wanted = facts.imports.filter((item) => item.module === "twinwall" && Object.hasOwn(host, item.name));
  for (const item of wanted) checkShape(item, host[item.name] as HostFunction);
  const names = [...new Set(wanted.map((item) => item.name))].sort();
  return names.map((name) => named(name, host[name] as HostFunction));
}

function isGiven(item: ModuleImport, host: Readonly<Record<string, HostFunction>>): boolean {
  if (item.kind !== "function") return false;
  if (item.module === "wasi_snapshot_preview1") return wasiFunctions.has(item.name);
  return item.module === "twinwall" && (item.name === "fail" || Object.hasOwn(host, item.name));
}

function importError(
  unknown: readonly ModuleImport[],
  host: Readonly<Record<string, HostFunction>>,
): TwinwallError {
  const shown = unknown.slice(0, 12).map(showImport).join(", ");
  const more = unknown.length > 12 ? ` and ${unknown.length - 12} more` : "";
  const given = Object.keys(host);
  const has =
    given.length === 0 ? "no host functions were given" : `given are ${given.map(showName).join(", ")}`;
  return new TwinwallError("E_IMPORT", `the module imports ${shown}${more}, which it is not given; ${has}`);
}

function showImport(item: ModuleImport): string {
  const what = item.kind === "function" ? showSignature(item.parameters, item.results) : item.kind;
  return `${showName(item.module)} ${showName(item.name)} ${what}`;
}

/** Shapes under which a host function may be imported; the first is the one that is shown. */
function importShapes(declared: HostFunction): (readonly [readonly CoreType[], readonly CoreType[]])[] {
  if (declared.shape === "bytes") {
    const full = [["i32", "i32"], ["i64"]] as const;
    return declared.deferred ? [full, [["i32", "i32"], []]] : [full];
  }
  return [[coreTypes(declared.params), coreTypes(declared.result === undefined ? [] : [declared.result])]];
}

function checkShape(item: ModuleImport, declared: HostFunction): void {
  const found = showSignature(item.parameters, item.results);
  const expected = importShapes(declared).map(([parameters, results]) => showSignature(parameters, results));
  if (expected.includes(found)) return;
  throw new TwinwallError(
    "E_TYPE",
    `host function ${showName(item.name)} is declared as ${expected[0]}, but the module imports it as ${found}`,
  );
}

function named(name: string, declared: HostFunction): NamedHostFunction {
  const onBytes = declared.shape === "bytes";
  const boot: BootHostFunction = {
    name,
    shape: declared.shape,
    deferred: declared.deferred,
    parameters: onBytes ? [] : coreTypes(declared.params),
    results: onBytes || declared.result === undefined ? [] : coreTypes([declared.result]),
  };
  return { name, declared, boot };
}

function coreTypes(types: readonly { readonly core: ScalarKind | undefined }[]): ScalarKind[] {
  return types.flatMap(({ core }) => (core === undefined ? [] : [core]));
}
