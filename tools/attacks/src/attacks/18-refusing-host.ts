import assert from "node:assert/strict";
import { TwinwallError } from "@twinwall/abi";
import type { Attack, Context } from "../attack.js";
import { driverOf, hostileImage } from "../victims/index.js";
import { bootHostile, Victim } from "../victims/victim.js";

/** What the soft machine asks of the host's engine. */
const parts = ["Memory", "Module", "Instance"] as const;

/** Refuses the engine's `part` once, at the call after `after` good ones; whether that many came. */
function refusing(
  part: (typeof parts)[number],
  after: number,
  work: () => void,
): { fired: boolean; error: unknown } {
  const real = WebAssembly[part] as new (...words: never[]) => object;
  let left = after;
  let fired = false;
  const stand = new Proxy(real, {
    construct(target, words, newTarget) {
      if (left === 0 && !fired) {
        fired = true;
        throw new RangeError(`WebAssembly.${part}(): refused by the attack`);
      }
      left -= 1;
      return Reflect.construct(target, words, newTarget) as object;
    },
  });
  Object.defineProperty(WebAssembly, part, { value: stand, configurable: true, writable: true });
  try {
    work();
    return { fired, error: undefined };
  } catch (error) {
    return { fired, error };
  } finally {
    Object.defineProperty(WebAssembly, part, { value: real, configurable: true, writable: true });
  }
}

/** Boots, makes a machine, loses it to an attack, and calls its successor. */
function life(): void {
  const hostile = hostileImage("soft");
  const snapshot = bootHostile(driverOf("soft"), hostile.image, false);
  try {
    const victim = new Victim(snapshot, hostile);
    try {
      victim.attack("trap");
      const { ending } = victim.attack("echo", Uint8Array.of(1, 2, 3));
      // A refusal ends that call; the one behind it is right.
      victim.expectRight("a refusal");
      if (ending !== "OK") throw new TwinwallError(ending, "the call that had to do without");
    } finally {
      victim.close();
    }
  } finally {
    snapshot.close();
  }
}

function onSoft({ tries }: Context): number {
  let attempts = 0;
  life();
  for (let round = 0; round < tries; round += 1) {
    for (const part of parts) {
      for (let after = 0; ; after += 1) {
        const { fired, error } = refusing(part, after, life);
        if (error !== undefined)
          assert(error instanceof TwinwallError, `WebAssembly.${part}, call ${after}: ${String(error)}`);
        attempts += 1;
        if (!fired) break;
        assert(after < 1000, "the host is asked without end");
      }
    }
  }
  life();
  return attempts;
}

/** A host that refuses. */
export const attack: Attack = {
  id: "refusing-host",
  title: "each ioctl, mapping, timer call, or object of the host's engine fails once",
  check: "a clean error, nothing leaks, and the same thing works right afterwards",
  guarantees: ["private-memory", "signals"],
  on: {
    kvm: "faults are injected below Node, in the Rust core: its row is this attack's",
    soft: onSoft,
  },
  core: [
    "faults::every_refusal_is_a_clean_error",
    "tests::alone::a_host_without_descriptors_says_so",
    "tests::alone::a_host_without_memory_says_so",
  ],
};
