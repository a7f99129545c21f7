import type { Attack, Context } from "../attack.js";
import { assertEnding, type Ending } from "../check.js";
import { withVictims } from "../victims/index.js";
import { report } from "../victims/victim.js";

const anything: readonly Ending[] = ["OK", "E_DEADLINE", "E_BAD_REPLY", "E_LIMIT"];

async function onKvm({ tries, random }: Context): Promise<number> {
  const names = [
    "each page of the stack",
    "deep stack",
    "host calls without end",
    "rep insb",
    "undefined instruction without a stack",
    "rep lodsb without end",
    "fill everything",
  ];
  const rounds = 150 * tries;
  await withVictims("kvm", async (victim) => {
    const target = victim();
    for (let round = 0; round < rounds; round += 1) {
      const name = random.of(names);
      target.configure({ deadlineUs: 1 + random.below(2 ** random.below(12)) });
      const input = new Uint8Array(8).fill(0x5a);
      const outcome = round % 4 === 0 ? await target.attackAsync(name, input) : target.attack(name, input);
      assertEnding(outcome.ending, anything, name);
      target.expectRight(name);
    }
  });
  return rounds;
}

async function onSoft({ tries, random }: Context): Promise<number> {
  const rounds = 10 * tries;
  await withVictims("soft", async (victim) => {
    const target = victim();
    for (let round = 0; round < rounds; round += 1) {
      const name = random.of(["loop", "recursion", "scribble", "trap", "gate without end"]);
      target.configure({ deadlineUs: 1000 + random.below(20_000) });
      const { ending } = await target.attackAsync(name, report({ operation: 5 }));
      assertEnding(ending, [...anything, "E_INTERNAL"], name);
      target.expectRight(name);
    }
  });
  return rounds;
}

/** Deadlines in the middle of everything. */
export const attack: Attack = {
  id: "late-exceptions",
  title: "deadlines at random moments: in an exception, an entry, a host call, a string instruction",
  check: "no exception that was about to be delivered shows in a later call",
  guarantees: ["deadlines", "clean-slate", "signals"],
  on: { kvm: onKvm, soft: onSoft },
  core: ["tests::ring3::chance::a_deadline_at_any_moment_leaves_nothing_pending"],
};
