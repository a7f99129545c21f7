import { toolEnvironment } from "./environment.mjs";
import { run } from "./run.mjs";

// Two at a time: each Rust build uses all cores by itself, and several of them only wait for each other.
const shared = ["--concurrency=2", "--output-logs=new-only", "--ui=stream"];

/**
 * Runs tasks through turbo; returns its exit status.
 * @param {string[]} tasks
 * @param {string[]} [options]
 */
export function turbo(tasks, options = []) {
  return run("turbo", ["run", ...tasks, ...shared, ...options], { env: toolEnvironment() });
}
