import { type MachineName, TwinwallError } from "@twinwall/abi";
import type { ModuleCompiler } from "@twinwall/runtime";
import { Sandbox } from "@twinwall/sandbox";
import { type HostFunctions, linkedFunctions, printers } from "./hosts.js";
import { type Problem, trapProblem } from "./problem.js";
import { runSteps } from "./steps.js";
import type { Tests, Unit } from "./tests.js";

/** How a unit ended. */
export interface UnitOutcome {
  /** Of the module's own directive. */
  readonly module: Problem;
  readonly steps: readonly Problem[];
}

/**
 * Runs tests on one machine. Suites share many modules with each other; each is run once, and its outcome counts
 * wherever it stands.
 */
export class MachineRun {
  readonly #units = new Map<number, Promise<UnitOutcome>>();
  readonly #refusals = new Map<number, Promise<TwinwallError | undefined>>();

  constructor(
    private readonly tests: Tests,
    private readonly machine: MachineName,
    private readonly compiler: ModuleCompiler,
  ) {}

  /** Runs a unit. */
  unit(number: number): Promise<UnitOutcome> {
    return once(this.#units, number, async () => {
      const unit = this.tests.units[number];
      if (unit === undefined) throw new Error(`there is no unit ${number}`);
      return this.#runUnit(unit);
    });
  }

  /**
   * Checks that a module is refused.
   *
   * @param needs The proposal that it lacks, if that is all that is wrong with it: the refusal must then say so.
   */
  async refusal(number: number, needs?: string): Promise<Problem> {
    const error = await once(this.#refusals, number, () => this.#refuse(number));
    if (error === undefined) return "the module was accepted";
    if (error.code === "E_UNSUPPORTED") return undefined;
    return error.code === "E_BAD_MODULE" && needs === undefined ? undefined : error.message;
  }

  async #refuse(number: number): Promise<TwinwallError | undefined> {
    try {
      (await this.#create(number, {})).close();
      return undefined;
    } catch (error) {
      return TwinwallError.from(error);
    }
  }

  async #runUnit(unit: Unit): Promise<UnitOutcome> {
    const exporters = new Map<number, Sandbox>();
    try {
      return await this.#runLinked(unit, exporters);
    } finally {
      for (const exporter of exporters.values()) exporter.close();
    }
  }

  /** @param exporters Gets the sandboxes of the modules whose functions are linked, by number. */
  async #runLinked(unit: Unit, exporters: Map<number, Sandbox>): Promise<UnitOutcome> {
    const { module, start, steps, links = [] } = unit;
    let sandbox: Sandbox;
    try {
      for (const { module: exporter } of links) {
        if (!exporters.has(exporter)) exporters.set(exporter, await this.#create(exporter, {}));
      }
      sandbox = await this.#create(module, { ...printers, ...linkedFunctions(links, exporters) });
    } catch (error) {
      const problem = startProblem(start, TwinwallError.from(error));
      return { module: problem, steps: steps.map(() => problem ?? "there is no instance") };
    }
    try {
      const problem = typeof start === "string" ? undefined : "the module started";
      return { module: problem, steps: runSteps(sandbox, steps) };
    } finally {
      sandbox.close();
    }
  }

  #create(module: number, host: HostFunctions): Promise<Sandbox> {
    return Sandbox.create({
      module: this.tests.module(module),
      machine: this.machine,
      compiler: this.compiler,
      host,
      // Recursion without end is part of the tests, on busy machines too; every other limit is the default.
      limits: { deadline: "30s" },
    });
  }
}

/** Judges a module that did not start. */
function startProblem(start: Unit["start"], error: TwinwallError): Problem {
  if (start === "ready") return error.message;
  if (start === "defined") {
    return error.code === "E_IMPORT" || error.code === "E_MEMORY" ? undefined : error.message;
  }
  return trapProblem(error, start.trap);
}

function once<Result>(
  known: Map<number, Promise<Result>>,
  number: number,
  run: () => Promise<Result>,
): Promise<Result> {
  const before = known.get(number);
  if (before !== undefined) return before;
  const result = run();
  known.set(number, result);
  return result;
}
