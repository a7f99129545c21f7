import { showName, showType, TwinwallError, type World, type WorldFunction } from "@twinwall/abi";
import { isRun } from "@twinwall/runtime/slim";
import {
  type FunctionTable,
  makeSlots,
  missingFunction,
  type Problem,
  type TargetFunction,
} from "../functions.js";
import type { FunctionInfo } from "../options.js";
import { fullName, nearest, spellings, withoutVersion } from "./names.js";
import { TypedFunction } from "./typed-function.js";

/** The functions that a component exports. */
export class TypedFunctions implements FunctionTable {
  /** By all the names under which one can be called. */
  readonly #functions = new Map<string, TargetFunction>();
  readonly #all: readonly TargetFunction[];
  /** Short names that several functions have, with the full names of those. */
  readonly #ambiguous = new Map<string, string[]>();

  constructor(world: World) {
    this.#all = world.exports.map(prepare);
    for (const target of this.#all) this.#functions.set(target.name, target);
    this.#addShortNames(world);
  }

  get(name: string): TargetFunction | undefined {
    return this.#functions.get(name);
  }

  command(): TargetFunction | undefined {
    return this.#all.find((target) => target.typed !== undefined && isRun(target.typed.declared));
  }

  list(): FunctionInfo[] {
    return this.#all.map((target) => {
      const { parameters = [], result } = target.typed?.declared ?? {};
      return {
        name: target.name,
        parameters: parameters.map((parameter) => showType(parameter.type)),
        results: result === undefined ? [] : [showType(result)],
        bytes: false,
        scalar: false,
        typed: true,
      };
    });
  }

  missing(name: unknown): TwinwallError {
    if (typeof name !== "string") return new TwinwallError("E_TYPE", "the function's name must be a string");
    const several = this.#ambiguous.get(name);
    if (several !== undefined) {
      const names = several.map(showName).join(", ");
      return new TwinwallError(
        "E_NO_FUNCTION",
        `${showName(name)} may be any of ${names}; give the full name`,
      );
    }
    const near = nearest(name, this.#functions.keys());
    const hint = near === undefined ? "" : `; did you mean ${showName(near)}?`;
    const names = this.#all.map((target) => target.name);
    return missingFunction("component", name, names, hint);
  }

  /** Names without a version, without the interface, and as JavaScript spells them: where they mean one function. */
  #addShortNames(world: World): void {
    const meant = new Map<string, Set<TargetFunction>>();
    world.exports.forEach((declared, index) => {
      for (const name of shortNames(declared)) {
        const targets = meant.get(name) ?? new Set();
        targets.add(this.#all[index] as TargetFunction);
        meant.set(name, targets);
      }
    });
    for (const [name, targets] of meant) {
      if (this.#functions.has(name)) continue;
      const [only, ...others] = targets;
      if (only !== undefined && others.length === 0) this.#functions.set(name, only);
      else
        this.#ambiguous.set(
          name,
          Array.from(targets, (target) => target.name),
        );
    }
  }
}

function shortNames({ interfaceName, name }: WorldFunction): string[] {
  const own = spellings(name);
  if (interfaceName === undefined) return [...own];
  return own.flatMap((one) => [`${interfaceName}#${one}`, `${withoutVersion(interfaceName)}#${one}`, one]);
}

function prepare(declared: WorldFunction, index: number): TargetFunction {
  const name = fullName(declared);
  const problem: Problem = {
    code: "E_TYPE",
    message: `function ${showName(name)} is typed: call it by call() or callAsync() with its values`,
  };
  return {
    name,
    index,
    parameters: [],
    results: [],
    bytesProblem: problem,
    scalarProblem: problem,
    slots: makeSlots(0, 0),
    typed: new TypedFunction(declared),
  };
}
