/** @typedef {import("./model.mjs").TestResult} TestResult */

/**
 * Reads the text that `cargo test -- --show-output` prints (standard output and error in one stream).
 * libtest's JSON output is not stable, so this reads the form for people:
 * `test NAME ... ok | FAILED | ignored, WHY`, and the captured output under `---- NAME stdout ----`.
 * @param {string} text
 * @returns {TestResult[]}
 */
export function parseCargoOutput(text) {
  const parser = new Parser();
  for (const line of text.split("\n")) parser.line(line);
  return parser.finish();
}

class Parser {
  #suite = "";
  #open = false;
  #shown = "";
  /** @type {TestResult[]} */
  #results = [];
  /** @type {Map<string, TestResult>} */
  #suiteTests = new Map();

  /** @param {string} line */
  line(line) {
    const suite = /^\s*Running (?:unittests )?(\S+) \((?:.*\/)?(.+?)-[0-9a-f]{16}\)$/.exec(line);
    if (suite) return this.#startSuite(`${suite[2]} ${suite[1]}`);
    const documentation = /^\s*Doc-tests (\S+)$/.exec(line);
    if (documentation) return this.#startSuite(`${documentation[1]} documentation`);
    if (/^running \d+ tests?$/.test(line)) this.#open = true;
    else if (/^test result: /.test(line)) this.#open = false;
    else if (this.#open) this.#testLine(line);
  }

  finish() {
    this.#closeSuite();
    return this.#results;
  }

  /** @param {string} suite */
  #startSuite(suite) {
    this.#closeSuite();
    this.#suite = suite;
  }

  /** A suite that never printed its result was ended by a signal or an abort. */
  #closeSuite() {
    this.#results.push(...this.#suiteTests.values());
    if (this.#open) this.#results.push({ name: `${this.#suite} (did not finish)`, state: "failed" });
    this.#open = false;
    this.#suiteTests = new Map();
  }

  /** @param {string} line */
  #testLine(line) {
    if (/^(?:failures|successes):$/.test(line)) this.#shown = "";
    const test = /^test (.+?)(?: - should panic)? \.\.\. (ok|FAILED|ignored)(?:, (.*))?$/.exec(line);
    if (test) return this.#add(test[1] ?? "", test[2] ?? "", test[3]);
    const shown = /^---- (.+?)(?: - should panic)? stdout ----$/.exec(line);
    if (shown) this.#shown = shown[1] ?? "";
    else this.#shownLine(line);
  }

  /**
   * What a failed test printed is kept from its panic on: what it printed before that may be long.
   * @param {string} line
   */
  #shownLine(line) {
    const result = this.#suiteTests.get(this.#shown);
    const skipped = /^skipped: (.+)$/.exec(line);
    if (skipped && result?.state === "passed")
      Object.assign(result, { state: "skipped", detail: skipped[1] });
    if (result?.state !== "failed") return;
    if (result.detail !== undefined) result.detail += `\n${line}`;
    else if (line.startsWith("thread '") && line.includes("panicked at")) result.detail = line;
  }

  /**
   * @param {string} name
   * @param {string} outcome
   * @param {string} [reason]
   */
  #add(name, outcome, reason) {
    /** @type {TestResult} */
    const result = { name: `${this.#suite}: ${name}`, state: "passed" };
    if (outcome === "FAILED") result.state = "failed";
    if (outcome === "ignored")
      Object.assign(result, { state: "skipped", detail: reason ?? "no reason given" });
    this.#suiteTests.set(name, result);
  }
}
