// `npm run fuzz`: damaged inputs for every reader, and a table of what became of them.
import { closeTargets, targets } from "./list.js";
import { type Options, parseOptions, UsageError, usage } from "./options.js";
import { type Result, runTarget } from "./run.js";
import { programs, runProgram } from "./rust.js";
import { formatResult, heading } from "./table.js";

/** All names, those in TypeScript first. */
const names = [...targets.map(({ name }) => name), ...programs.flatMap((program) => program.targets)];

async function runAll({ cases, seed, targets: only }: Options): Promise<Result[]> {
  const unknown = only.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new UsageError(`there is no target ${unknown}; there are ${names.join(", ")}`);
  const isWanted = (name: string): boolean => only.length === 0 || only.includes(name);
  const results: Result[] = [];
  const tell = (result: Result): void => {
    results.push(result);
    console.log(formatResult(result));
  };
  console.log(heading);
  for (const target of targets) if (isWanted(target.name)) tell(await runTarget(target, cases, seed));
  await closeTargets();
  for (const program of programs) {
    const wanted = program.targets.filter(isWanted);
    if (wanted.length > 0) runProgram(program, wanted, cases, seed).forEach(tell);
  }
  return results;
}

try {
  const results = await runAll(parseOptions(process.argv.slice(2)));
  const found = results.filter(({ finding }) => finding !== undefined).length;
  const cases = results.reduce((sum, result) => sum + result.cases, 0);
  console.log(`${results.length} targets, ${cases} cases, ${found} findings`);
  process.exitCode = found === 0 ? 0 : 1;
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n\n${usage}`);
  process.exitCode = 2;
}
