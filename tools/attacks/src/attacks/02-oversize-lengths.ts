import assert from "node:assert/strict";
import type { Attack, Context } from "../attack.js";
import { assertEnding } from "../check.js";
import { withVictims } from "../victims/index.js";
import { limits, report, type Victim } from "../victims/victim.js";

const cap = BigInt(limits.outputBytes);
const lengths = [cap + 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n];
const addresses = [0n, 1n, 0xc000_0000n, 0xc000_0ff8n, 2n ** 32n - 8n, 2n ** 63n, 2n ** 64n - 8n];

/** Every length at every address: alone harmless, together past the end of everything. */
function edges(): { outputAddress: bigint; outputLength: bigint }[] {
  return lengths.flatMap((outputLength) =>
    addresses.map((outputAddress) => ({ outputAddress, outputLength })),
  );
}

/** One round; how many attempts it made. */
function tryAll(target: Victim): number {
  const names = ["report from the input", "gate with the input's report"].filter((name) =>
    target.knows(name),
  );
  let attempts = 0;
  for (const edge of edges()) {
    for (const operation of [2, 3]) {
      for (const name of names) {
        const bytes = report({ operation, ...edge, messageLength: edge.outputLength });
        const attempt = `${name}: ${edge.outputLength} bytes at ${edge.outputAddress}`;
        assertEnding(target.attack(name, bytes).ending, ["E_BAD_REPLY", "E_LIMIT"], attempt);
        target.expectRight(attempt);
        attempts += 1;
      }
    }
  }
  for (const outboxLength of [cap + 1n, 2n ** 32n, 2n ** 64n - 1n]) {
    const { ending } = target.attack("report from the input", report({ operation: 5, outboxLength }));
    assertEnding(ending, ["E_BAD_REPLY", "E_LIMIT"], `an outbox of ${outboxLength} bytes`);
    target.expectRight("an outbox that is too long");
    attempts += 1;
  }
  return attempts;
}

async function run({ machine, tries }: Context): Promise<number> {
  let attempts = 0;
  await withVictims(machine, (victim) => {
    const target = victim();
    const before = process.memoryUsage().arrayBuffers;
    for (let round = 0; round < tries; round += 1) attempts += tryAll(target);
    // Nothing was allocated to hold what was only claimed.
    assert(
      process.memoryUsage().arrayBuffers < before + 16 * 2 ** 20,
      "memory for lengths that were refused",
    );
  });
  return attempts;
}

/** Lengths that lie. */
export const attack: Attack = {
  id: "oversize-lengths",
  title: "lengths of cap + 1, 2^31, 2^32 - 1, 2^63, 2^64 - 1, and addresses that wrap",
  check: "an error, and no memory allocated for the claim",
  guarantees: ["host-copies"],
  on: { kvm: run, soft: run },
  core: [
    "tests::ring3::floods::arguments_outside_the_output_area_never_reach_the_host",
    "tests::ring3::floods::arguments_have_the_limit_of_results",
    "tests::ring3::floods::replies_outside_the_output_area_are_refused",
    "tests::ring3::floods::an_outbox_ends_with_its_area_and_its_records",
    "tests::ring3::floods::growth_requests_at_every_edge_open_nothing_else",
    "tests::ring3::floods::an_input_larger_than_its_window_is_refused",
    "tests::hostile::an_endless_outbox_is_refused",
  ],
};
