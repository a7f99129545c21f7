import type { MachineName } from "@twinwall/abi";
import { MachineRun } from "./machine-run.js";
import { machineProblem, openCompiler } from "./machines.js";
import { readBlock, writeBlock } from "./readme.js";
import { runSuite, type SuiteResult } from "./results.js";
import { cellOf, formatOff, formatTable, machineCell, machines, tableSuites } from "./table.js";
import { readTests, type Tests } from "./tests.js";

process.exitCode = await main(process.argv.slice(2));

/**
 * Runs all suites on all machines and prints the table; with `--markdown` it goes to the README too. A machine that is
 * not here keeps the column that the README has.
 */
async function main(words: readonly string[]): Promise<number> {
  const unknown = words.find((word) => word !== "--markdown");
  if (unknown !== undefined) {
    process.stderr.write(`spec-tests: unknown option ${unknown}; there is --markdown\n`);
    return 2;
  }
  const tests = readTests();
  const results = new Map<MachineName, ReadonlyMap<string, SuiteResult>>();
  for (const machine of machines) {
    const problem = await machineProblem(machine);
    if (problem === undefined) results.set(machine, await runMachine(tests, machine));
    else process.stderr.write(`spec-tests: not run on ${machine}: ${problem}\n`);
  }
  const before = readBlock();
  const table = formatTable(tests, (machine, { name, title }) => {
    const result = results.get(machine)?.get(name);
    return result === undefined ? (cellOf(before, title, machine) ?? "not run") : machineCell(result);
  });
  const block = `${table}\n\n${formatOff(tests)}`;
  process.stdout.write(`${block}\n`);
  if (words.includes("--markdown")) writeBlock(block);
  return 0;
}

async function runMachine(tests: Tests, machine: MachineName): Promise<ReadonlyMap<string, SuiteResult>> {
  const compiler = openCompiler(machine);
  const run = new MachineRun(tests, machine, compiler);
  const results = new Map<string, SuiteResult>();
  try {
    for (const suite of tableSuites(tests)) results.set(suite.name, await runSuite(run, suite));
  } finally {
    await compiler.close();
  }
  return results;
}
