import type { MachineName } from "@twinwall/abi";
import { hostProblem } from "@twinwall/vmm-kvm";
import type { Attack } from "./attack.js";
import { expectBaseline, holdings } from "./baseline.js";
import { Random } from "./random.js";

/** What became of an attack on a machine. */
export interface Result {
  readonly attack: string;
  /** A machine; or `core`: machine `kvm` without Node, by tests of the Rust crate. */
  readonly machine: MachineName | "core";
  readonly tries: number;
  readonly outcome: "survived" | "failed" | "skipped";
  /** Why it failed or was skipped. */
  readonly detail?: string;
}

/** Why an attack cannot be carried out on a machine; `undefined` where it can. */
export function whySkipped(attack: Attack, machine: MachineName): string | undefined {
  const run = attack.on[machine];
  if (typeof run === "string") return run;
  return machine === "kvm" && needsKvm(attack) ? hostProblem() : undefined;
}

/** This one is about hosts without the device, and runs on all of them. */
function needsKvm(attack: Attack): boolean {
  return attack.id !== "no-device";
}

/**
 * Carries out an attack in this process, then checks that the process holds no more than before.
 *
 * A first try, whose holdings stay (code, compiled modules, threads that are used again), comes before the measurement.
 *
 * @param tries Scales the attack; 1 is a quick look.
 */
export async function runHere(
  attack: Attack,
  machine: MachineName,
  tries: number,
  seed = 1,
): Promise<Result> {
  const { id } = attack;
  const reason = whySkipped(attack, machine);
  const run = attack.on[machine];
  if (reason !== undefined || typeof run === "string")
    return { attack: id, machine, tries: 0, outcome: "skipped", detail: reason ?? String(run) };
  let made = 0;
  try {
    made += await run({ machine, tries: 1, random: new Random(seed) });
    await expectBaseline(holdings(), Number.POSITIVE_INFINITY);
    const before = holdings();
    made += await run({ machine, tries, random: new Random(seed + 1) });
    await expectBaseline(before, attack.margin ?? 64);
    return { attack: id, machine, tries: made, outcome: "survived" };
  } catch (error) {
    return { attack: id, machine, tries: made, outcome: "failed", detail: textOf(error) };
  }
}

function textOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n").slice(0, 4).join(" ").slice(0, 600);
}
