// `npm run attacks`: carries all attacks out on all machines and prints what became of them.
import { writeFileSync } from "node:fs";
import { coreResult, runCoreTests } from "./core.js";
import { attacks } from "./list.js";
import { type Options, parseOptions, UsageError, usage } from "./options.js";
import { type Result, whySkipped } from "./run.js";
import { runElsewhere } from "./spawn.js";
import { formatGuarantees, formatResult } from "./table.js";

/** From so many tries on, the tests of the core make a hundred times as many. */
const soakTries = 100;

function print(result: Result): void {
  console.log(formatResult(result, attacks));
}

async function runAll(options: Options): Promise<Result[]> {
  const results: Result[] = [];
  const tell = (result: Result): void => {
    results.push(result);
    print(result);
  };
  for (const machine of options.machines) {
    if (machine === "core") {
      const names = [...new Set(options.attacks.flatMap(({ core }) => core))];
      const outcomes = names.length === 0 ? new Map() : runCoreTests(names, options.tries >= soakTries);
      for (const attack of options.attacks) {
        const result = coreResult(attack, outcomes);
        if (result !== undefined) tell(result);
      }
      continue;
    }
    for (const attack of options.attacks) {
      const { tries, seed } = options;
      const reason = whySkipped(attack, machine);
      if (reason !== undefined)
        tell({ attack: attack.id, machine, tries: 0, outcome: "skipped", detail: reason });
      else tell(await runElsewhere(attack, machine, { tries, seed, deadline: 120 + 60 * tries }));
    }
  }
  return results;
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2), attacks);
  if (options.print === "map") {
    console.log(formatGuarantees(attacks));
    return 0;
  }
  if (options.print === "list") {
    for (const { id, title, check } of attacks) console.log(`${id}\n  ${title}\n  check: ${check}`);
    return 0;
  }
  const results = await runAll(options);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify({ results }, null, 1)}\n`);
  const count = (outcome: Result["outcome"]): number =>
    results.filter((result) => result.outcome === outcome).length;
  console.log(`\n${count("survived")} survived, ${count("failed")} FAILED, ${count("skipped")} skipped`);
  return count("failed") > 0 ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`attacks: ${error.message}\n${usage}`);
  process.exitCode = 2;
}
