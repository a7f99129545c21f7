import {
  type ArtifactFacts,
  type CoreType,
  isScalar,
  type ModuleExport,
  type ScalarKind,
  SLOT_BYTES,
  showName,
  showSignature,
  TwinwallError,
} from "@twinwall/abi";
import type { FunctionInfo } from "./options.js";
import type { TypedFunction } from "./typed/typed-function.js";
import { TypedFunctions } from "./typed/typed-functions.js";

/** Why a function cannot be called in some way. */
export interface Problem {
  readonly code: "E_TYPE" | "E_BAD_MODULE";
  readonly message: string;
}

/** Room for the scalars of a call, made once for each function. */
export interface ScalarSlots {
  readonly input: Uint8Array;
  readonly inputView: DataView;
  readonly output: Uint8Array;
  readonly outputView: DataView;
}

/** An exported function with everything that a call needs to know about it. */
export interface TargetFunction {
  readonly name: string;
  /** Position among the module's exports. */
  readonly index: number;
  readonly parameters: readonly CoreType[];
  readonly results: readonly CoreType[];
  /** `undefined` when it can be called on bytes. */
  readonly bytesProblem: Problem | undefined;
  /** `undefined` when it can be called on scalars. */
  readonly scalarProblem: Problem | undefined;
  readonly slots: ScalarSlots;
  /** Of a component: how its values are read and written. It has both problems above. */
  readonly typed: TypedFunction | undefined;
}

/** The functions that a module or component exports. */
export interface FunctionTable {
  /** The function of that name. */
  get(name: string): TargetFunction | undefined;
  /** What runs when it is run as a WASI command. */
  command(): TargetFunction | undefined;
  /** All functions, for people. */
  list(): FunctionInfo[];
  /** The error for a name that is no function's. */
  missing(name: unknown): TwinwallError;
}

/** The functions that a core module exports. */
class CoreFunctions implements FunctionTable {
  private readonly functions = new Map<string, TargetFunction>();
  private readonly facts: ArtifactFacts;

  constructor(facts: ArtifactFacts) {
    this.facts = facts;
    const piece = missingPiece(facts.exports);
    facts.exports.forEach((item, index) => {
      if (item.kind === "function") this.functions.set(item.name, prepare(item, index, piece));
    });
  }

  get(name: string): TargetFunction | undefined {
    return this.functions.get(name);
  }

  command(): TargetFunction | undefined {
    return this.functions.get("_start");
  }

  list(): FunctionInfo[] {
    return Array.from(this.functions.values(), (target) => ({
      name: target.name,
      parameters: target.parameters,
      results: target.results,
      bytes: target.bytesProblem === undefined,
      scalar: target.scalarProblem === undefined,
      typed: false,
    }));
  }

  missing(name: unknown): TwinwallError {
    if (typeof name !== "string") return new TwinwallError("E_TYPE", "the function's name must be a string");
    const other = this.facts.exports.find((item) => item.name === name);
    if (other !== undefined) {
      return new TwinwallError(
        "E_NO_FUNCTION",
        `the module exports ${showName(name)} as a ${other.kind}, not a function`,
      );
    }
    return missingFunction("module", name, [...this.functions.keys()]);
  }
}

/** The error for a name that no function has. */
export function missingFunction(
  subject: "module" | "component",
  name: string,
  names: readonly string[],
  hint = "",
): TwinwallError {
  const shown = names.slice(0, 12).map(showName).join(", ");
  const more = names.length > 12 ? ` and ${names.length - 12} more` : "";
  const has = names.length === 0 ? "it exports none" : `it exports ${shown}${more}`;
  return new TwinwallError(
    "E_NO_FUNCTION",
    `the ${subject} exports no function ${showName(name)}; ${has}${hint}`,
  );
}

const tables = new WeakMap<ArtifactFacts, FunctionTable>();

/** The table of a module; made once, as sandboxes of one module share it. */
export function functionTable(facts: ArtifactFacts): FunctionTable {
  let table = tables.get(facts);
  if (table === undefined) {
    table = facts.world === undefined ? new CoreFunctions(facts) : new TypedFunctions(facts.world);
    tables.set(facts, table);
  }
  return table;
}

/** What stands in the way of calls on bytes in a module: a piece that is missing or has another shape. */
export function missingPiece(exports: readonly ModuleExport[]): Problem | undefined {
  const memory = exports.find((item) => item.name === "memory");
  const allocate = exports.find((item) => item.name === "twinwall_allocate");
  const free = exports.find((item) => item.name === "twinwall_free");
  if (memory === undefined) return lacks('memory "memory"');
  if (memory.kind !== "memory") return wrongKind(memory, "memory");
  if (allocate === undefined) return lacks('function "twinwall_allocate"');
  return (
    shapeProblem(allocate, ["i32"], ["i32"]) ??
    (free === undefined ? undefined : shapeProblem(free, ["i32", "i32"], []))
  );
}

function lacks(piece: string): Problem {
  return {
    code: "E_BAD_MODULE",
    message: `calls on bytes need an exported ${piece}, which the module lacks`,
  };
}

function wrongKind(item: ModuleExport, expected: string): Problem {
  return {
    code: "E_TYPE",
    message: `export ${showName(item.name)}: expected a ${expected}, found a ${item.kind}`,
  };
}

/** Compares a function with the shape that it must have. */
export function shapeProblem(
  item: ModuleExport,
  parameters: readonly CoreType[],
  results: readonly CoreType[],
): Problem | undefined {
  if (item.kind !== "function") return wrongKind(item, "function");
  const expected = showSignature(parameters, results);
  const found = showSignature(item.parameters, item.results);
  if (expected === found) return undefined;
  return { code: "E_TYPE", message: `function ${showName(item.name)}: expected ${expected}, found ${found}` };
}

function prepare(item: ModuleExport, index: number, piece: Problem | undefined): TargetFunction {
  const odd = [...item.parameters, ...item.results].find((type) => !isScalar(type));
  const scalarProblem: Problem | undefined =
    odd === undefined
      ? undefined
      : { code: "E_TYPE", message: `function ${showName(item.name)}: expected scalars only, found ${odd}` };
  return {
    name: item.name,
    index,
    parameters: item.parameters,
    results: item.results,
    bytesProblem: shapeProblem(item, ["i32", "i32"], ["i64"]) ?? piece,
    scalarProblem,
    get slots(): ScalarSlots {
      const slots = makeSlots(item.parameters.length, item.results.length);
      Object.defineProperty(this, "slots", { value: slots });
      return slots;
    },
    typed: undefined,
  };
}

/** Room for so many scalars. */
export function makeSlots(parameters: number, results: number): ScalarSlots {
  const input = new Uint8Array(parameters * SLOT_BYTES);
  const output = new Uint8Array(results * SLOT_BYTES);
  return { input, output, inputView: new DataView(input.buffer), outputView: new DataView(output.buffer) };
}

/** The scalar types of a function that has no scalar problem. */
export function scalarKinds(types: readonly CoreType[]): readonly ScalarKind[] {
  return types as readonly ScalarKind[];
}
