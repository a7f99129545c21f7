/** @typedef {import("./model.mjs").RunnerReport} RunnerReport */
/** @typedef {import("./model.mjs").TestResult} TestResult */

/** @param {TestResult[]} tests */
export function count(tests) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const test of tests) counts[test.state] += 1;
  return counts;
}

/** @param {TestResult[]} tests */
export function countLine(tests) {
  const { passed, failed, skipped } = count(tests);
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** How much is told of a failure: a message with its place, not a whole output. */
const failureLines = 12;

/**
 * The closing lines: what was skipped and why, one line per runner, what failed and how, and the sum as the last line.
 * Failures stand last because who keeps only the end of a long output needs them most.
 * @param {RunnerReport[]} reports
 */
export function summaryLines(reports) {
  const all = reports.flatMap((report) => report.tests);
  return [
    ...reports.flatMap((report) => detailLines(report, "skipped", 1)),
    ...reports.map((report) => `${report.runner}: ${countLine(report.tests)}`),
    ...reports.flatMap((report) => detailLines(report, "failed", failureLines)),
    countLine(all),
  ];
}

/**
 * @param {RunnerReport} report
 * @param {"failed" | "skipped"} state
 * @param {number} most lines of each test's detail
 */
function detailLines(report, state, most) {
  const tests = report.tests.filter((test) => test.state === state);
  return tests.flatMap(({ name, detail = "" }) => {
    const [first = "", ...more] = detail.trim().split("\n").slice(0, most);
    const head = `${state}: ${report.runner}: ${name}${first ? ` - ${first}` : ""}`;
    return [head, ...more.map((line) => `  ${line}`)];
  });
}
