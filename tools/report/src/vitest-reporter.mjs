// Vitest's own JSON report drops the reason of a skipped test (`context.skip("…")`); the closing lines of a test run
// print it, so this reporter keeps it. Use: vitest run --reporter=default --reporter=<this file>
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";

/** @typedef {import("./model.mjs").TestResult} TestResult */

/** Writes `.reports/vitest.json` beside the tests: every test with its state, and what failed outside of any test. */
// biome-ignore lint/style/noDefaultExport: vitest loads a reporter by its default export
export default class ReasonReporter {
  #root = process.cwd();

  /** @param {import("vitest/node").Vitest} vitest */
  onInit(vitest) {
    this.#root = vitest.config.root;
  }

  /**
   * @param {ReadonlyArray<import("vitest/node").TestModule>} modules
   * @param {ReadonlyArray<{ message?: string }>} unhandled
   */
  onTestRunEnd(modules, unhandled) {
    const tests = modules.flatMap((module) => this.#moduleResults(module));
    for (const error of unhandled) {
      tests.push({ name: "unhandled error", state: "failed", detail: error.message ?? "" });
    }
    const directory = join(this.#root, ".reports");
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, "vitest.json"), `${JSON.stringify({ tests }, null, 1)}\n`);
  }

  /**
   * @param {import("vitest/node").TestModule} module
   * @returns {TestResult[]}
   */
  #moduleResults(module) {
    const file = relative(this.#root, module.moduleId);
    /** @type {TestResult[]} */
    const results = [];
    for (const test of module.children.allTests()) results.push(testResult(file, test));
    for (const error of module.errors()) {
      results.push({ name: `${file} (could not be loaded)`, state: "failed", detail: error.message });
    }
    return results;
  }
}

/**
 * @param {string} file
 * @param {import("vitest/node").TestCase} test
 * @returns {TestResult}
 */
function testResult(file, test) {
  const result = test.result();
  const name = `${file} > ${test.fullName}`;
  if (result.state === "passed") return { name, state: "passed" };
  if (result.state === "skipped")
    return { name, state: "skipped", detail: result.note ?? reasonInName(test.fullName) };
  // A test that is still pending when the run ends never finished.
  const detail = result.state === "failed" ? result.errors.map(toldError).join("\n") : "did not finish";
  return { name, state: "failed", detail };
}

/**
 * The place stands before the message, which may have many lines.
 * @param {{ message: string, stacks?: { file: string, line: number }[] }} error
 */
function toldError({ message, stacks }) {
  const place = stacks?.[0];
  return place ? `${basename(place.file)}:${place.line}: ${message}` : message;
}

/**
 * `describe.skipIf` takes no reason, so its title has to say what is needed, "calls (needs KVM)", or what is missing,
 * "calls (skipped: /dev/kvm does not exist)".
 * @param {string} name
 */
function reasonInName(name) {
  const found = /\((?:skipped:? ([^)]*)|(needs [^)]*))\)/.exec(name);
  return found?.[1] ?? found?.[2] ?? "no reason given";
}
