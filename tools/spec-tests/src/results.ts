import type { MachineRun } from "./machine-run.js";
import type { Problem } from "./problem.js";
import type { Reason, Suite, TestFile } from "./tests.js";

/** A directive that did not end as the script says. */
export interface Failure {
  readonly line: number;
  readonly problem: string;
}

/** What became of a file's directives. */
export interface FileResult {
  /** Directives that were run: modules, actions and assertions. */
  readonly run: number;
  /** In the order of lines. */
  readonly failures: readonly Failure[];
}

/** What became of a suite's directives. */
export interface SuiteResult {
  readonly run: number;
  readonly passed: number;
}

/** Runs a file. */
export async function runFile(run: MachineRun, file: TestFile): Promise<FileResult> {
  let count = 0;
  const failures: Failure[] = [];
  const note = (line: number, problem: Problem): void => {
    if (problem !== undefined) failures.push({ line, problem });
  };
  for (const { unit, line, lines } of file.units) {
    const outcome = await run.unit(unit);
    note(line, outcome.module);
    outcome.steps.forEach((problem, index) => {
      note(lines[index] ?? line, problem);
    });
    count += 1 + outcome.steps.length;
  }
  for (const { module, line, needs } of file.refusals) {
    note(line, await run.refusal(module, needs));
    // One that needs a proposal that is off is counted as not run; being refused is the least it must be.
    if (needs === undefined) count += 1;
  }
  failures.sort((a, b) => a.line - b.line);
  return { run: count, failures };
}

/** Runs a suite. What has been run before on the same machine is not run again. */
export async function runSuite(run: MachineRun, suite: Suite): Promise<SuiteResult> {
  let count = 0;
  let failed = 0;
  for (const file of suite.files) {
    const result = await runFile(run, file);
    count += result.run;
    failed += result.failures.length;
  }
  return { run: count, passed: count - failed };
}

/** How many directives of a suite are not run, by reason. */
export function countSkipped(suite: Suite): ReadonlyMap<Reason, number> {
  const counts = new Map<Reason, number>();
  for (const { reason } of suite.files.flatMap((file) => file.skipped)) {
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return counts;
}
