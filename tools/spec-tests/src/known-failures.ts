import { readFileSync } from "node:fs";
import type { MachineName } from "@twinwall/abi";
import type { Failure } from "./results.js";

/** A directive that is known to fail, and why that is right. */
export interface KnownFailure {
  readonly suite: string;
  readonly file: string;
  readonly line: number;
  /** Where it fails. */
  readonly machines: readonly MachineName[];
  readonly reason: string;
}

/** Reads `known-failures.json`. */
export function readKnownFailures(): KnownFailure[] {
  return JSON.parse(
    readFileSync(new URL("../known-failures.json", import.meta.url), "utf8"),
  ) as KnownFailure[];
}

/**
 * Compares what failed with what is known to fail, both ways.
 *
 * @returns One line for each difference: a failure that is not known, and a known one that did not happen.
 */
export function differences(
  place: { readonly suite: string; readonly file: string; readonly machine: MachineName },
  failures: readonly Failure[],
  known: readonly KnownFailure[],
): string[] {
  const expected = known.filter(
    ({ suite, file, machines }) =>
      suite === place.suite && file === place.file && machines.includes(place.machine),
  );
  const name = (line: number): string => `${place.suite}/${place.file}:${line}`;
  const unknown = failures.filter(({ line }) => !expected.some((entry) => entry.line === line));
  const gone = expected.filter(({ line }) => !failures.some((failure) => failure.line === line));
  return [
    ...unknown.map(({ line, problem }) => `${name(line)}: ${problem}`),
    ...gone.map(({ line }) => `${name(line)}: passes, but known-failures.json says that it fails`),
  ];
}
