import {
  type ArtifactFacts,
  type BootHostFunction,
  type CoreType,
  type ModuleImport,
  type ScalarKind,
  SLOT_BYTES,
  show,
  showName,
  showSignature,
  TwinwallError,
} from "@twinwall/abi";
import type { HostFunction } from "./host-function.js";
import { isOwnError, readHostArguments, writeHostResult } from "./host-values.js";
import { wasiFunctions } from "./wasi.js";

/** A host function under its name, as the guest runtime and the dispatcher know it. */
export interface NamedHostFunction {
  readonly name: string;
  /** One-way: the guest goes on at once. */
  readonly deferred: boolean;
  /** What the guest runtime is told. */
  readonly boot: BootHostFunction;
  /**
   * Runs it on what the guest passes.
   *
   * @returns What {@link answer} takes, or a promise of it.
   */
  invoke(input: Uint8Array): unknown;
  /**
   * What its failure, thrown or by a rejected promise, comes to for the guest.
   *
   * @returns What {@link answer} takes.
   * @throws TwinwallError When the call ends.
   */
  recover(error: unknown): unknown;
  /**
   * What the guest gets for what it returned; a buffer that later answers may overwrite.
   *
   * @throws TwinwallError `E_TYPE` when it is not what was declared.
   */
  answer(value: unknown): Uint8Array;
}

/**
 * Holds a module's imports against what it is given; nothing of it runs before.
 *
 * @returns The host functions that the module imports, in a fixed order: a host call names one by its position.
 * @throws TwinwallError `E_IMPORT` naming all imports that nobody gives, `E_TYPE` for a host function of another shape.
 */
export function resolveImports(
  facts: ArtifactFacts,
  given: Readonly<Record<string, unknown>>,
): readonly NamedHostFunction[] {
  const host = checkHost(given);
  const unknown = facts.imports.filter((item) => !isGiven(item, host));
  if (unknown.length > 0) throw importError(unknown, host);
  const wanted = facts.imports.filter((item) => item.module === "twinwall" && Object.hasOwn(host, item.name));
  for (const item of wanted) checkShape(item, host[item.name] as HostFunction);
  const names = [...new Set(wanted.map((item) => item.name))].sort();
  return names.map((name) => new CoreHostFunction(name, host[name] as HostFunction));
}

/** @throws TwinwallError `E_OPTION` for what is no host function of a module. */
function checkHost(given: Readonly<Record<string, unknown>>): Readonly<Record<string, HostFunction>> {
  for (const [name, value] of Object.entries(given)) {
    if (!isHostFunction(value)) {
      const found = show(value);
      throw new TwinwallError(
        "E_OPTION",
        `host: ${name}: expected a function made by hostFunction(), found ${found}`,
      );
    }
    if (name === "fail") throw new TwinwallError("E_OPTION", 'host: the name "fail" belongs to Twinwall');
  }
  return given as Readonly<Record<string, HostFunction>>;
}

function isHostFunction(value: unknown): value is HostFunction {
  return typeof value === "object" && value !== null && "implementation" in value && "shape" in value;
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

/** A host function on bytes or scalars. */
class CoreHostFunction implements NamedHostFunction {
  readonly deferred: boolean;
  readonly boot: BootHostFunction;
  /** The driver copies a result before it asks again, so one slot is enough. */
  private readonly slot = new DataView(new ArrayBuffer(SLOT_BYTES));

  constructor(
    readonly name: string,
    private readonly declared: HostFunction,
  ) {
    const { shape, deferred, params, result } = declared;
    const onBytes = shape === "bytes";
    this.deferred = deferred;
    this.boot = {
      name,
      shape,
      deferred,
      parameters: onBytes ? [] : coreTypes(params),
      results: onBytes || result === undefined ? [] : coreTypes([result]),
    };
  }

  invoke(input: Uint8Array): unknown {
    const values = readHostArguments(this.name, this.declared, input);
    try {
      return this.declared.implementation(...(values as never[]));
    } catch (error) {
      return this.recover(error);
    }
  }

  recover(error: unknown): never {
    throw hostFunctionError(this.name, error);
  }

  answer(value: unknown): Uint8Array {
    return writeHostResult(this.name, this.declared, value, this.slot);
  }
}

/** The error of a call whose host function failed. */
export function hostFunctionError(name: string, error: unknown): TwinwallError {
  if (isOwnError(error)) return error;
  const text = error instanceof Error ? error.message : show(error);
  return new TwinwallError("E_HOST_FUNCTION", `host function ${showName(name)} failed: ${text}`, {
    cause: error,
  });
}

function coreTypes(types: readonly { readonly core: ScalarKind | undefined }[]): ScalarKind[] {
  return types.flatMap(({ core }) => (core === undefined ? [] : [core]));
}
