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

/**
 * The closing lines: what failed, what was skipped and why, one line per runner, and the sum as the last line.
 * @param {RunnerReport[]} reports
 */
export function summaryLines(reports) {
  const all = reports.flatMap((report) => report.tests);
  return [
    ...reports.flatMap((report) => detailLines(report, "failed")),
    ...reports.flatMap((report) => detailLines(report, "skipped")),
    ...reports.map((report) => `${report.runner}: ${countLine(report.tests)}`),
    countLine(all),
  ];
}

/**
 * @param {RunnerReport} report
 * @param {"failed" | "skipped"} state
 */
function detailLines(report, state) {
  const tests = report.tests.filter((test) => test.state === state);
  return tests.map(
    ({ name, detail }) => `${state}: ${report.runner}: ${name}${detail ? ` - ${firstLine(detail)}` : ""}`,
  );
}

/** @param {string} text */
function firstLine(text) {
  return text.trim().split("\n", 1)[0];
}
