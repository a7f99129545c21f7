import {
  imageProvides,
  isScalar,
  type ModuleExport,
  type ModuleImport,
  showName,
  showSignature,
  showType,
  type World,
  type WorldFunction,
} from "@twinwall/abi";
import { isRun } from "@twinwall/runtime";
import { WASI_FUNCTIONS, WASI_MODULE } from "./wasi-names.js";

/** Who provides an import. */
export type Provider = "wasi" | "twinwall" | "host function" | "nobody";

/** A function of a module and what can be done with it. */
export interface FunctionFacts {
  readonly name: string;
  readonly signature: string;
  /** `callBytes` takes it. */
  readonly bytes: boolean;
  /** `call` takes it, with scalars. */
  readonly scalar: boolean;
  /** `call` takes it, with the values that WIT declares. */
  readonly typed: boolean;
}

/** Something that a module imports. */
export interface ImportFacts {
  readonly module: string;
  readonly name: string;
  readonly kind: string;
  /** Empty for what is no function. */
  readonly signature: string;
  readonly provider: Provider;
}

/** What a module is for Twinwall. */
export interface ModuleFacts {
  /** `twinwall run` runs it without `--call`. */
  readonly command: boolean;
  readonly functions: readonly FunctionFacts[];
  /** Exports that are no functions to call: memories, the pieces of the byte ABI. */
  readonly otherExports: readonly {
    readonly name: string;
    readonly kind: string;
    readonly signature: string;
  }[];
  readonly imports: readonly ImportFacts[];
  /** What the module lacks, a sentence each; empty when everything fits. */
  readonly missing: readonly string[];
}

/** Functions that Twinwall or WASI call themselves, and the shape each must have. */
const OWN_FUNCTIONS = new Map([
  ["_start", "() -> ()"],
  ["_initialize", "() -> ()"],
  ["twinwall_allocate", "(i32) -> i32"],
  ["twinwall_free", "(i32, i32) -> ()"],
  ["twinwall_init", "(i32, i32) -> ()"],
]);
const BYTES_SHAPE = "(i32, i32) -> i64";
const FAIL_SHAPE = "(i32, i32, i32) -> ()";

/** Sorts a module's exports and imports by what Twinwall can do with them. */
export function describeModule(
  exports: readonly ModuleExport[],
  imports: readonly ModuleImport[],
): ModuleFacts {
  const functions = exports.filter(({ kind, name }) => kind === "function" && !OWN_FUNCTIONS.has(name));
  const movesBytes = hasMemory(exports) && hasFunction(exports, "twinwall_allocate");
  const described = imports.map(describeImport);
  return {
    command: hasFunction(exports, "_start"),
    functions: functions.map((entry) => describeFunction(entry, movesBytes)),
    otherExports: exports
      .filter((entry) => !functions.includes(entry))
      .map((entry) => ({ name: entry.name, kind: entry.kind, signature: signatureOf(entry) })),
    imports: described,
    missing: [...missingPieces(exports, described), ...missingImports(described)],
  };
}

function describeFunction(entry: ModuleExport, movesBytes: boolean): FunctionFacts {
  const signature = signatureOf(entry);
  return {
    name: entry.name,
    signature,
    bytes: movesBytes && signature === BYTES_SHAPE,
    scalar: [...entry.parameters, ...entry.results].every(isScalar),
    typed: false,
  };
}

/** Sorts a component's exports and imports by what Twinwall can do with them. */
export function describeWorld(world: World): ModuleFacts {
  const imports = world.imports.map((declared): ImportFacts => {
    const { interfaceName, name } = declared;
    const provider = imageProvides(interfaceName) ? "wasi" : "host function";
    return {
      module: interfaceName ?? "",
      name,
      kind: "function",
      signature: typedSignature(declared),
      provider,
    };
  });
  const given = imports.filter(({ provider }) => provider === "host function");
  return {
    command: world.exports.some(isRun),
    functions: world.exports.map((declared) => ({
      name:
        declared.interfaceName === undefined ? declared.name : `${declared.interfaceName}#${declared.name}`,
      signature: typedSignature(declared),
      bytes: false,
      scalar: false,
      typed: true,
    })),
    otherExports: [],
    imports,
    missing: given.map(({ module, name }) => {
      const shown = showName(module === "" ? name : `${module}#${name}`);
      return `host function ${shown} must be given to Sandbox.create`;
    }),
  };
}

function typedSignature({ parameters, result }: WorldFunction): string {
  const shown = parameters.map(({ name, type }) => `${name}: ${showType(type)}`);
  return `(${shown.join(", ")})${result === undefined ? "" : ` -> ${showType(result)}`}`;
}

function describeImport(entry: ModuleImport): ImportFacts {
  const { module, name, kind } = entry;
  return { module, name, kind, signature: signatureOf(entry), provider: providerOf(entry) };
}

function providerOf({ module, name, kind }: ModuleImport): Provider {
  if (kind !== "function") return "nobody";
  if (module === WASI_MODULE) return WASI_FUNCTIONS.has(name) ? "wasi" : "nobody";
  if (module !== "twinwall") return "nobody";
  return name === "fail" ? "twinwall" : "host function";
}

function missingPieces(exports: readonly ModuleExport[], imports: readonly ImportFacts[]): string[] {
  const missing: string[] = [];
  const onBytes = exports.filter((entry) => entry.kind === "function" && signatureOf(entry) === BYTES_SHAPE);
  const names = onBytes.map(({ name }) => showName(name)).join(", ");
  const needsMemory = onBytes.length > 0 || imports.some(({ provider }) => provider === "wasi");
  if (needsMemory && !hasMemory(exports)) missing.push('no export "memory": bytes cannot be moved in or out');
  for (const [name, shape] of OWN_FUNCTIONS) {
    const found = exports.find((entry) => entry.kind === "function" && entry.name === name);
    if (found !== undefined && signatureOf(found) !== shape) {
      missing.push(`${name} is ${signatureOf(found)}, it must be ${shape}`);
    }
  }
  if (onBytes.length > 0 && !exports.some(({ name }) => name === "twinwall_allocate")) {
    missing.push(`no export twinwall_allocate: ${names} can be called with scalars, but not with bytes`);
  }
  return missing;
}

function missingImports(imports: readonly ImportFacts[]): string[] {
  return imports.flatMap(({ module, name, kind, signature, provider }) => {
    const shown = `${showName(module)} ${showName(name)}`;
    if (provider === "nobody") return [`import ${shown} (${kind}) is provided by nobody`];
    if (provider === "twinwall" && signature !== FAIL_SHAPE) return [`import ${shown} must be ${FAIL_SHAPE}`];
    if (provider === "host function")
      return [`host function ${showName(name)} must be given to Sandbox.create`];
    return [];
  });
}

function hasMemory(exports: readonly ModuleExport[]): boolean {
  return exports.some(({ name, kind }) => name === "memory" && kind === "memory");
}

function hasFunction(exports: readonly ModuleExport[], name: string): boolean {
  const entry = exports.find((candidate) => candidate.kind === "function" && candidate.name === name);
  return entry !== undefined && signatureOf(entry) === OWN_FUNCTIONS.get(name);
}

function signatureOf({ kind, parameters, results }: ModuleExport): string {
  return kind === "function" ? showSignature(parameters, results) : "";
}
