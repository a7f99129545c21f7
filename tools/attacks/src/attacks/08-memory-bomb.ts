import assert from "node:assert/strict";
import { Sandbox } from "@twinwall/sandbox";
import type { Attack, Context } from "../attack.js";
import { residentBytes } from "../baseline.js";
import { assertEnding, endingOf } from "../check.js";
import { bombModule, scalarModule } from "../modules.js";

/** Modules that take what they can, and many sandboxes at once. */
async function run({ machine, tries }: Context): Promise<number> {
  const memory = 16 * 2 ** 20;
  await using sandbox = await Sandbox.create({
    module: bombModule(),
    machine,
    limits: { memory, deadline: "10s" },
  });
  const before = residentBytes();
  for (let round = 0; round < 2 * tries; round += 1) {
    const pages = sandbox.call("grow-all") as number;
    assert(pages > 1 && pages <= memory / 65_536, `memory.grow got ${pages} pages`);
    const entries = sandbox.call("table-all") as number;
    assert(entries > 0 && entries <= memory / 4, `table.grow got ${entries} entries`);
    // What a result claims is checked before anything is allocated for it.
    assertEnding(
      await endingOf(() => sandbox.callBytes("huge-result")),
      ["E_TRAP", "E_BAD_REPLY", "E_LIMIT", "E_TYPE"],
      "4 GiB",
    );
    assert.equal(sandbox.call("pages"), 1, "a clean slate has the memory that it began with");
    assertEnding(
      await endingOf(() => sandbox.callBytes("echo", new Uint8Array(memory + 1))),
      ["E_LIMIT", "E_MEMORY"],
      "an input larger than memory",
    );
  }
  // Worth of its limits, the runtime's own memory, and what the engine has not yet given back.
  assert(residentBytes() < before + 8 * memory, "resident memory beyond what the limits allow");
  const many = await Promise.all(
    Array.from({ length: Math.min(1000, 25 * tries) }, () =>
      Sandbox.create({ module: scalarModule(), machine }),
    ),
  );
  for (const one of many) assert.equal(one.call("add", 40, 2), 42);
  for (const one of many) one.close();
  return 10 * tries + many.length;
}

/** More memory than there is. */
export const attack: Attack = {
  id: "memory-bomb",
  title: "memory.grow, table.grow, results that claim gigabytes, many sandboxes at once",
  check: "resident memory stays within the limits and a margin; a clean slate begins small again",
  guarantees: ["clean-slate", "soft-honest"],
  on: { kvm: run, soft: run },
  core: [
    "tests::memory::growth_ends_at_the_budget",
    "tests::memory::a_large_input_opens_the_area",
    "tests::ring3::floods::growth_of_all_memories_makes_few_memslots",
    "tests::ring3::floods::memslots_grow_with_the_logarithm_of_memory",
    "tests::ring3::leftovers::opened_pages_do_not_carry_data",
  ],
  margin: 160,
};
