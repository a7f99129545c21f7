import type { Attack, Context } from "../attack.js";
import { assertEnding } from "../check.js";
import { withVictims } from "../victims/index.js";

/** Accesses that a hypervisor completes at the next entry, wherever that is. */
const pending = [
  "insb from the gate",
  "insb from another port",
  "rep insb",
  "rep insd",
  "insb across a page",
  "in al",
  "outsw",
  "rep outsd",
  "outsb from unmapped memory",
  "movsq to an unmapped page",
  "movsq from an unmapped page",
  "rep movsb to an unmapped page",
  "rep stosq to an unmapped page",
  "SSE load across a page",
  "SSE store across a page",
  "AVX load across a page",
  "fxsave across a page",
  "cmpxchg16b of unmapped memory",
  "locked add to unmapped memory",
];

async function onKvm({ tries }: Context): Promise<number> {
  await withVictims("kvm", (victim) => {
    const target = victim();
    for (let round = 0; round < 2 * tries; round += 1) {
      for (const name of pending) {
        assertEnding(target.attack(name, new Uint8Array(64).fill(0xe7)).ending, ["E_BAD_REPLY"], name);
        // The completion would come in the next entry, or in the one behind that.
        for (let call = 0; call < 3; call += 1) target.expectRight(name);
      }
    }
  });
  return 2 * tries * pending.length;
}

/** Half an access that outlives its guest. */
export const attack: Attack = {
  id: "pending-access",
  title: "insb, rep insb, movsq across pages, SSE and AVX loads, MMIO: cut off in the middle",
  check: "nothing of it is completed in a later call: the virtual machine is replaced",
  guarantees: ["gate-exact", "clean-slate"],
  on: { kvm: onKvm, soft: "WebAssembly has no access that is cut off in its middle" },
  core: [
    "tests::ring3::attacks::pending_accesses_do_not_survive",
    "tests::hostile::string_input_is_an_attack",
  ],
};
