/**
 * One test of any runner.
 * @typedef {object} TestResult
 * @property {string} name
 * @property {"passed" | "failed" | "skipped"} state
 * @property {string} [detail] why it was skipped, or how it failed: message and place first
 */

/**
 * What one runner reported, for example vitest in one package.
 * @typedef {object} RunnerReport
 * @property {string} runner
 * @property {TestResult[]} tests
 */

export {};
