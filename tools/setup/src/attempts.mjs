import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheDirectory } from "./paths.mjs";

// A machine without a reachable mirror should not wait for one on every start: what is optional is tried once a day.
const retryAfter = 24 * 60 * 60 * 1000;

const attemptsFile = join(cacheDirectory, "attempts.json");

/**
 * Whether something was tried within the last day.
 * @param {string} name
 */
export function wasTriedLately(name) {
  return Date.now() - (readAttempts()[name] ?? 0) <= retryAfter;
}

/** @param {string[]} names */
export function recordAttempts(names) {
  const now = Date.now();
  const attempts = { ...readAttempts(), ...Object.fromEntries(names.map((name) => [name, now])) };
  mkdirSync(cacheDirectory, { recursive: true });
  writeFileSync(attemptsFile, JSON.stringify(attempts));
}

/** @returns {Record<string, number>} name to the time of the last attempt, in milliseconds */
function readAttempts() {
  return existsSync(attemptsFile) ? JSON.parse(readFileSync(attemptsFile, "utf8")) : {};
}
