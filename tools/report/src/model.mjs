/**
 * One test of any runner.
 * @typedef {object} TestResult
 * @property {string} name
 * @property {"passed" | "failed" | "skipped"} state
 * @property {string} [detail] why it was skipped, or the first lines of the failure
 */

/**
 * What one runner reported, for example vitest in one package.
 * @typedef {object} RunnerReport
 * @property {string} runner
 * @property {TestResult[]} tests
 */

export {};
