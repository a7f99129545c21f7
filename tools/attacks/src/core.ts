import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Attack } from "./attack.js";
import type { Result } from "./run.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** A test of the Rust core and how it ended. */
export type CoreOutcomes = ReadonlyMap<string, { readonly passed: boolean; readonly skipped?: string }>;

/**
 * Builds the tests of the VMM core and runs those of these names.
 *
 * @returns Outcomes by name; a text where there is no Rust to build them with.
 */
export function runCoreTests(names: readonly string[], soak: boolean): CoreOutcomes | string {
  const cargo = spawnSync(
    "cargo",
    [
      ...["test", "--locked", "--package", "twinwall-vmm-kvm", "--lib", "--tests", "--no-fail-fast", "--"],
      ...["--exact", "--show-output", ...names.map((name) => name.replace(/^faults::/, ""))],
    ],
    {
      cwd: root,
      encoding: "utf8",
      maxBuffer: 1 << 26,
      env: { ...process.env, ...(soak ? { TWINWALL_SOAK: "1" } : {}) },
    },
  );
  if (cargo.error) return `cargo could not be started: ${cargo.error.message}`;
  const outcomes = readOutcomes(cargo.stdout);
  if (outcomes.size === 0) return `the tests could not be built: ${cargo.stderr.trim().split("\n").at(-1)}`;
  return outcomes;
}

/** Reads what libtest prints: `test NAME ... ok | FAILED | ignored, WHY`, and lines `skipped: WHY` of the tests. */
export function readOutcomes(text: string): CoreOutcomes {
  const outcomes = new Map<string, { passed: boolean; skipped?: string }>();
  for (const [, name = "", state = "", reason] of text.matchAll(
    /^test (\S+) \.\.\. (ok|FAILED|ignored)(?:, (.*))?$/gm,
  )) {
    const skipped = state === "ignored" ? { skipped: reason ?? "no reason given" } : {};
    outcomes.set(name, { passed: state === "ok", ...skipped });
  }
  return outcomes;
}

/** What became of an attack in the core; `undefined` where no test of the core carries it out. */
export function coreResult(attack: Attack, outcomes: CoreOutcomes | string): Result | undefined {
  if (attack.core.length === 0) return undefined;
  const base = { attack: attack.id, machine: "core" as const };
  if (typeof outcomes === "string") return { ...base, tries: 0, outcome: "skipped", detail: outcomes };
  const found = attack.core.map((name) => ({ name, ...outcomes.get(name.replace(/^faults::/, "")) }));
  const failed = found.filter(({ passed, skipped }) => passed !== true && skipped === undefined);
  if (failed.length > 0) {
    const detail = failed.map(
      ({ name, passed }) => `${name} ${passed === undefined ? "did not run" : "failed"}`,
    );
    return { ...base, tries: found.length, outcome: "failed", detail: detail.join("; ") };
  }
  const skipped = found.find((test) => test.skipped !== undefined)?.skipped;
  if (skipped !== undefined) return { ...base, tries: 0, outcome: "skipped", detail: skipped };
  return { ...base, tries: found.length, outcome: "survived" };
}
