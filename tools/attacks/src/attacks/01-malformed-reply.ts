import assert from "node:assert/strict";
import type { Attack, Context } from "../attack.js";
import { checkCode } from "../check.js";
import { withVictims } from "../victims/index.js";
import { limits, report } from "../victims/victim.js";

/** Reports of random bytes, at the end of a call and at a gate in its middle. */
async function run({ machine, tries, random }: Context): Promise<number> {
  const rounds = 150 * tries;
  await withVictims(machine, (victim) => {
    const target = victim();
    const names = ["report from the input", "gate with the input's report"].filter((name) =>
      target.knows(name),
    );
    for (let round = 0; round < rounds; round += 1) {
      const bytes = random.bytes(report({}).length);
      // A known operation most of the time, and texts whose place and length are nearly right.
      bytes.set([random.below(9), 0, 0, 0]);
      if (round % 2 === 0) bytes.set([random.below(24), 0], 4);
      if (round % 3 === 0) new DataView(bytes.buffer).setBigUint64(32, BigInt(random.below(6000)), true);
      const { ending, output, message } = target.attack(random.of(names), bytes);
      if (ending !== "OK") {
        checkCode(ending);
        assert(message.length > 0 && message.length < 16_384, `a message of ${message.length} characters`);
      }
      assert(output.length <= limits.outputBytes);
      target.expectRight(`report ${Buffer.from(bytes).toString("hex")}`);
    }
  });
  return rounds;
}

/** The reply is not what it should be. */
export const attack: Attack = {
  id: "malformed-reply",
  title: "a guest reports random bytes: operations, statuses, lengths, texts",
  check: "only typed errors; texts bounded; every decoder has a fuzz test with a depth limit of its own",
  guarantees: ["host-copies", "guest-text", "gate-exact"],
  on: { kvm: run, soft: run },
  core: [
    "tests::hostile::output_outside_the_area_is_refused",
    "tests::hostile::unknown_operations_are_refused",
    "tests::hostile::an_answer_to_another_request_is_refused",
  ],
};
