import assert from "node:assert/strict";
import { Sandbox } from "@twinwall/sandbox";
import type { Attack, Context } from "../attack.js";
import { assertEnding, endingOf } from "../check.js";
import { scalarModule } from "../modules.js";
import { withVictims } from "../victims/index.js";

const native = [
  "below the stack",
  "push at address zero",
  "push at a non-canonical address",
  "undefined instruction without a stack",
  "null stack segment",
  "stack segment of ring 0",
  "write to the exception stack",
];

async function onKvm(context: Context): Promise<number> {
  let attempts = 0;
  await withVictims("kvm", (victim) => {
    const target = victim();
    for (let round = 0; round < context.tries; round += 1) {
      for (const name of native) {
        assertEnding(target.attack(name).ending, ["E_BAD_REPLY"], name);
        target.expectRight(name);
        attempts += 1;
      }
    }
  });
  return attempts + (await inWasm(context));
}

async function onSoft(context: Context): Promise<number> {
  await withVictims("soft", (victim) => {
    const target = victim();
    for (let round = 0; round < context.tries; round += 1) {
      // The host's own engine ends it.
      assertEnding(target.attack("recursion").ending, ["E_INTERNAL"], "recursion of the image");
      target.expectRight("recursion of the image");
    }
  });
  return context.tries + (await inWasm(context));
}

/** Recursion of a module, with frames of all sizes. */
async function inWasm({ machine, tries }: Context): Promise<number> {
  await using sandbox = await Sandbox.create({ module: scalarModule(), machine });
  for (let round = 0; round < tries; round += 1) {
    for (const name of ["recurse", "recurse-wide"]) {
      assertEnding(await endingOf(() => sandbox.call(name, 0)), ["E_TRAP"], name);
      assertEnding(await endingOf(() => sandbox.callAsync(name, [0])), ["E_TRAP"], name);
      assert.equal(sandbox.call("add", 40, 2), 42);
    }
  }
  return 4 * tries;
}

/** Stacks that end, or never were. */
export const attack: Attack = {
  id: "stack-overflow",
  title: "deep recursion, huge frames, a stack pointer at nothing when an exception comes",
  check:
    "typed error: exceptions have a stack of their own; the guard and what lies beside it stay as they were",
  guarantees: ["one-way-in", "clean-slate"],
  on: { kvm: onKvm, soft: onSoft },
  core: [
    "tests::hostile::the_stack_has_a_guard",
    "tests::hostile::the_stack_is_not_executable",
    "tests::ring3::attacks::memory_that_is_not_the_guests_is_closed",
    "tests::ring3::floods::exceptions_end_with_the_stack_window",
    "tests::memory::the_stack_opens_on_touch_and_is_zero_again",
  ],
};
