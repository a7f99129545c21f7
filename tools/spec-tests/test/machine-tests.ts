import type { MachineName } from "@twinwall/abi";
import { afterAll, describe, expect, it } from "vitest";
import { differences, readKnownFailures } from "../src/known-failures.js";
import { MachineRun } from "../src/machine-run.js";
import { machineProblem, openCompiler } from "../src/machines.js";
import { readBlock } from "../src/readme.js";
import { runFile, runSuite } from "../src/results.js";
import { cellOf, machineCell, tableSuites } from "../src/table.js";
import { OWN_SUITE, readTests, type TestFile } from "../src/tests.js";

/** Declares the tests of one machine; where there is none, a single one that is skipped and says why. */
export async function describeMachine(machine: MachineName): Promise<void> {
  const problem = await machineProblem(machine);
  if (problem === undefined) describe(machine, () => declare(machine));
  else it(`the official tests on ${machine}`, (context) => context.skip(problem));
}

function declare(machine: MachineName): void {
  const tests = readTests();
  const known = readKnownFailures();
  const compiler = openCompiler(machine);
  const run = new MachineRun(tests, machine, compiler);
  afterAll(() => compiler.close());

  describe("the tests of the tests", () => {
    it("pass where they are right", async () => {
      expect(await runFile(run, ownFile("right.wast"))).toEqual({ run: 26, failures: [] });
    });

    it("fail where they are wrong, one by one", async () => {
      const file = ownFile("wrong.wast");
      const { failures } = await runFile(run, file);
      const [subject, ...starting] = file.units;
      const wrong = [...(subject?.lines ?? []), ...[...file.refusals, ...starting].map(({ line }) => line)];
      expect(failures.map(({ line }) => line)).toEqual(wrong.sort((a, b) => a - b));
      expect(wrong).toHaveLength(34);
    });

    function ownFile(name: string): TestFile {
      const file = tests.suites
        .find((suite) => suite.name === OWN_SUITE)
        ?.files.find((own) => own.name === name);
      if (file === undefined) throw new Error(`there is no ${name}`);
      return file;
    }
  });

  describe.each(tableSuites(tests))("$title", (suite) => {
    it.each(suite.files)("$name", async (file) => {
      const { failures } = await runFile(run, file);
      const found = differences({ suite: suite.name, file: file.name, machine }, failures, known);
      // The first ones tell enough: a module that does not start fails with all its assertions.
      expect({ differences: found.length, first: found.slice(0, 10) }).toEqual({ differences: 0, first: [] });
    });

    it("has the counts that the README states", async () => {
      const cell = cellOf(readBlock(), suite.title, machine);
      expect(cell).toBe(machineCell(await runSuite(run, suite)));
    });
  });

  describe("proposals that are off", () => {
    it.each(tests.off)("$title: modules that need it are refused", async ({ title, modules }) => {
      for (const module of modules) expect(await run.refusal(module)).toBeUndefined();
      // Most must be refused by the proposal's name; some encodings make no sense at all without theirs.
      const unnamed = await Promise.all(modules.map((module) => run.refusal(module, title)));
      expect(unnamed).toContain(undefined);
    });
  });
}
