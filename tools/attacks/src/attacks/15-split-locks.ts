import assert from "node:assert/strict";
import { splitLockDanger } from "@twinwall/vmm-kvm";
import type { Attack, Context } from "../attack.js";
import { assertEnding } from "../check.js";
import { withVictims } from "../victims/index.js";

async function onKvm({ tries }: Context): Promise<number> {
  // This process would not live to tell.
  assert(
    splitLockDanger() !== "fatal",
    "this kernel ends the process of a guest that makes one: see twinwall doctor",
  );
  const names = ["split lock", "split lock across pages", "split exchange"];
  await withVictims("kvm", (victim) => {
    const target = victim();
    for (let round = 0; round < tries; round += 1) {
      for (const name of names) {
        target.configure({ deadlineUs: 500_000 });
        assertEnding(
          target.attack(name, new Uint8Array(8)).ending,
          ["OK", "E_BAD_REPLY", "E_DEADLINE"],
          name,
        );
        target.expectRight(name);
      }
      target.configure({ deadlineUs: 20_000 });
      const endless = "split locks without end";
      assertEnding(target.attack(endless).ending, ["E_BAD_REPLY", "E_DEADLINE"], endless);
      target.expectRight(endless);
    }
  });
  return tries * (names.length + 1);
}

/** Locked accesses across cache lines. */
export const attack: Attack = {
  id: "split-locks",
  title: "locked accesses across cache lines and pages, once and without end",
  check:
    "ends at the deadline; `twinwall doctor` warns where the kernel would slow the process down or end it",
  guarantees: ["deadlines"],
  on: { kvm: onKvm, soft: "WebAssembly engines make no locked access that is not aligned" },
  core: ["tests::ring3::attacks::what_a_processor_may_allow_leaves_nothing_behind"],
};
