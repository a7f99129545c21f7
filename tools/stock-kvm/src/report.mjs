import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseCargoOutput } from "@twinwall/tool-report/cargo-output";
import { count, countLine } from "@twinwall/tool-report/format";
import { reportFile } from "./paths.mjs";

/** @typedef {import("@twinwall/tool-report/model").TestResult} TestResult */

const name = "stock Linux KVM in QEMU";

/**
 * A run that could not take place.
 * @param {string} detail
 * @returns {TestResult[]}
 */
export function skipped(detail) {
  return [{ name, state: "skipped", detail }];
}

/**
 * A run that broke before its tests could tell.
 * @param {string} detail
 * @returns {TestResult[]}
 */
export function broken(detail) {
  return [{ name, state: "failed", detail }];
}

/**
 * @param {string} text what the test binaries printed
 * @param {string[]} problems what went wrong around them
 * @returns {TestResult[]}
 */
export function resultsOf(text, problems) {
  const tests = parseCargoOutput(text);
  // A binary that died in a test is in there already; a problem counts only when nothing else shows it.
  if (problems.length > 0 && count(tests).failed === 0) tests.push(...broken(problems.join("; ")));
  return tests;
}

/**
 * Writes the report for the summary of all runners, prints the sum, and returns the exit status.
 * @param {TestResult[]} tests
 */
export function conclude(tests) {
  mkdirSync(dirname(reportFile), { recursive: true });
  writeFileSync(reportFile, `${JSON.stringify({ tests }, null, 1)}\n`);
  for (const { state, name, detail } of tests)
    if (state !== "passed") console.log(`${state}: ${name}${detail ? ` - ${detail}` : ""}`);
  console.log(`stock-kvm: ${countLine(tests)}`);
  return count(tests).failed > 0 ? 1 : 0;
}
