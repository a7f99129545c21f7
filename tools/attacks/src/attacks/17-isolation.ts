import assert from "node:assert/strict";
import type { Attack, Context } from "../attack.js";
import { holds } from "../check.js";
import { withVictims } from "../victims/index.js";
import { words } from "../victims/victim.js";

const canary = words(0x150_1a7e_dca9_a21fn);

async function run({ machine, tries }: Context): Promise<number> {
  const keep = machine === "kvm" ? "fill everything" : "keep";
  const attacks =
    machine === "kvm"
      ? ["write to the image", "flush of shared lines", "prefetch of shared lines", "rep insb", "split lock"]
      : ["scribble", "growth behind the host's back", "trap", "write beyond memory"];
  await withVictims(machine, (victim) => {
    const [attacker, neighbour] = [victim(), victim()];
    for (let round = 0; round < 4 * tries; round += 1) {
      const own = words(BigInt(round) + 1n);
      neighbour.attack("keep", own, true);
      attacker.attack(keep, canary, true);
      assert.deepEqual(
        neighbour.attack("tell", new Uint8Array(0), true).output,
        own,
        "the neighbour's own session",
      );
      for (const name of attacks) {
        attacker.attack(name, canary);
        const told = neighbour.attack("tell", new Uint8Array(0), true).output;
        assert(!holds(told, canary), `the neighbour sees the canary after: ${name}`);
        assert.deepEqual(told, own, `the neighbour's session after: ${name}`);
        attacker.expectRight(name);
      }
      neighbour.machine.restore();
      neighbour.expectRight("attacks beside it");
    }
  });
  return 4 * tries * attacks.length;
}

/** One machine against another. */
export const attack: Attack = {
  id: "isolation",
  title: "one machine writes, flushes and misbehaves beside another in the middle of a session",
  check: "the other keeps its own state and never holds the canary; shared read-only memory stays as it was",
  guarantees: ["clean-slate", "trust-domain", "private-memory"],
  on: { kvm: run, soft: run },
  core: [
    "tests::ring3::isolation::what_one_machine_writes_no_other_holds",
    "tests::ring3::isolation::attacks_on_one_thread_do_not_disturb_another",
    "tests::restore::machines_of_one_snapshot_do_not_share_memory",
    "tests::restore::a_recycled_machine_is_clean",
    "tests::alone::guest_memory_and_descriptors_are_private",
  ],
};
