import { readFileSync } from "node:fs";
import type { ScalarKind } from "@twinwall/abi";

/** Why a directive is not put to Twinwall; `rust/src/skip.rs` says what each means. */
export type Reason = "text" | "off" | "superseded" | "import" | "linking" | "host-reference" | "state";

/** A call of the function that the converter added for an assertion. */
export interface Step {
  /** The trap that must come; without it the function must return 1. */
  readonly trap?: string;
  /** Whether it may change what later steps see. */
  readonly mutates?: boolean;
}

/** A function of another module that stands behind a host function. It needs nothing of that module's state. */
export interface Link {
  /** As which host function it is imported. */
  readonly name: string;
  /** Who exports it. */
  readonly module: number;
  readonly export: string;
  readonly parameters: readonly ScalarKind[];
  readonly result: ScalarKind | null;
}

/** A module instance and what is done with it. Its steps are its exports `#0`, `#1` and so on. */
export interface Unit {
  readonly module: number;
  /** How it must start: well, with a trap of that text, or in any way as long as it is valid. */
  readonly start: "ready" | "defined" | { readonly trap: string };
  readonly links?: readonly Link[];
  readonly steps: readonly Step[];
}

/** A unit in a file. */
export interface PlacedUnit {
  readonly unit: number;
  readonly line: number;
  /** Of the steps. */
  readonly lines: readonly number[];
}

/** A module that must be refused. */
export interface Refusal {
  readonly module: number;
  readonly line: number;
  /** The proposal that is off and that the module needs: the directive counts as not run, but is checked. */
  readonly needs?: string;
}

/** A file of a suite: each directive is in one of the lists. */
export interface TestFile {
  readonly name: string;
  readonly units: readonly PlacedUnit[];
  readonly refusals: readonly Refusal[];
  readonly skipped: readonly { readonly line: number; readonly reason: Reason }[];
}

/** A row of the table. */
export interface Suite {
  readonly name: string;
  readonly title: string;
  readonly files: readonly TestFile[];
}

/** A proposal that is off, and modules that need it. */
export interface OffProposal {
  readonly name: string;
  readonly title: string;
  readonly modules: readonly number[];
}

/** The converter's output. */
export interface Tests {
  readonly suites: readonly Suite[];
  readonly off: readonly OffProposal[];
  readonly units: readonly Unit[];
  /** The bytes of a module. */
  module(number: number): Uint8Array;
}

/** The converter's own suite, which tests the tests. */
export const OWN_SUITE = "own";

/** Reads what `build:rust` wrote. */
export function readTests(): Tests {
  const folder = new URL("../artifacts/", import.meta.url);
  const bytes = new Uint8Array(readFileSync(new URL("modules.bin", folder)));
  const { suites, off, units, modules } = JSON.parse(readFileSync(new URL("tests.json", folder), "utf8")) as {
    suites: Suite[];
    off: OffProposal[];
    units: Unit[];
    modules: [offset: number, length: number][];
  };
  return {
    suites,
    off,
    units,
    module(number) {
      const [offset, length] = modules[number] ?? [0, 0];
      return bytes.subarray(offset, offset + length);
    },
  };
}
