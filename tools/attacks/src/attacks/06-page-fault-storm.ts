import assert from "node:assert/strict";
import { Sandbox } from "@twinwall/sandbox";
import type { Attack, Context } from "../attack.js";
import { assertEnding, endingOf } from "../check.js";
import { scalarModule } from "../modules.js";
import { withVictims } from "../victims/index.js";
import { words } from "../victims/victim.js";

const closed = [
  "read of address zero",
  "read of the system pages",
  "read of the page tables",
  "write to the task state",
  "write to code",
  "write to the image",
  "execution of the stack",
  "execution of the mailbox",
  "execution of the input",
  "read of a non-canonical address",
  "jump to kernel addresses",
  "read of kernel addresses",
  "rep stosq to an unmapped page",
];

async function onKvm(context: Context): Promise<number> {
  let attempts = 0;
  await withVictims("kvm", (victim) => {
    const target = victim();
    for (let round = 0; round < context.tries; round += 1) {
      for (const name of closed) {
        assertEnding(target.attack(name).ending, ["E_BAD_REPLY"], name);
        target.expectRight(name);
      }
      assertEnding(target.attack("each page of the stack").ending, ["OK"], "each page of the stack");
      target.expectRight("each page of the stack");
      attempts += closed.length + 1;
    }
  });
  return attempts + (await inWasm(context));
}

async function onSoft(context: Context): Promise<number> {
  const wrong = [
    "trap",
    "read beyond memory",
    "write beyond memory",
    "division by zero",
    "indirect call of nothing",
  ];
  let attempts = 0;
  await withVictims("soft", (victim) => {
    const target = victim();
    for (let round = 0; round < context.tries; round += 1) {
      for (const name of wrong) {
        assertEnding(target.attack(name).ending, ["E_BAD_REPLY"], name);
        target.expectRight(name);
      }
      assertEnding(target.attack("scribble").ending, ["OK"], "a write to everything");
      target.expectRight("a write to everything");
      const far = target.attack("peek", words(2n ** 32n - 8n));
      assertEnding(far.ending, ["E_BAD_REPLY"], "a read at the end of all memory");
      target.expectRight("a read at the end of all memory");
      attempts += wrong.length + 2;
    }
  });
  return attempts + (await inWasm(context));
}

/** Every page of as much memory as there may be, and addresses behind it. */
async function inWasm({ machine, tries }: Context): Promise<number> {
  await using sandbox = await Sandbox.create({ module: scalarModule(), machine, limits: { memory: "8MiB" } });
  for (let round = 0; round < tries; round += 1) {
    // Pages of 64 KiB; a small table shares the limit.
    assert.equal(sandbox.call("touch"), 127);
    assert.equal(sandbox.call("touch"), 127, "the same on a clean slate");
    for (const address of [8 * 2 ** 20, 2 ** 31 - 4, -4, -65536])
      assertEnding(await endingOf(() => sandbox.call("load", address)), ["E_TRAP"], `a load at ${address}`);
    assert.equal(sandbox.call("add", 40, 2), 42);
  }
  return 6 * tries;
}

/** Memory that is not the guest's. */
export const attack: Attack = {
  id: "page-fault-storm",
  title: "every page touched; gaps, read-only tables, code, addresses beyond all memory",
  check: "deadline and memory bound hold; an access without memory behind it ends the machine",
  guarantees: ["one-way-in", "clean-slate"],
  on: { kvm: onKvm, soft: onSoft },
  core: [
    "tests::hostile::reading_address_zero_ends_the_machine",
    "tests::hostile::system_pages_are_closed",
    "tests::hostile::code_is_not_writable",
    "tests::memory::nothing_else_opens",
    "tests::memory::windows_open_page_by_page_from_their_start",
    "tests::ring3::state::every_page_table_entry_names_memory_with_its_own_rights",
  ],
};
