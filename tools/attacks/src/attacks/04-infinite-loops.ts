import assert from "node:assert/strict";
import { Sandbox } from "@twinwall/sandbox";
import type { Attack, Context } from "../attack.js";
import { assertEnding, endingOf } from "../check.js";
import { scalarModule } from "../modules.js";
import { withVictims } from "../victims/index.js";
import { report } from "../victims/victim.js";

const native = [
  "loop",
  "drains without end",
  "rep lodsb without end",
  "split locks without end",
  "growth without end",
];

async function onKvm(context: Context): Promise<number> {
  let attempts = 0;
  await withVictims("kvm", async (victim) => {
    const target = victim();
    for (let round = 0; round < context.tries; round += 1) {
      for (const name of native) {
        target.configure({ deadlineUs: 20_000 });
        assertEnding(target.attack(name).ending, ["E_DEADLINE"], name);
        target.expectRight(name);
        target.configure({ deadlineUs: 20_000 });
        assertEnding((await target.attackAsync(name)).ending, ["E_DEADLINE"], `${name}, on a thread`);
        target.expectRight(name);
        attempts += 2;
      }
    }
  });
  return attempts + (await inWasm(context));
}

async function onSoft(context: Context): Promise<number> {
  let attempts = 0;
  await withVictims("soft", async (victim) => {
    const target = victim();
    // An image carries no fuel: only a Worker can be ended. Nothing but the deadline ends an empty drain either.
    const drain = report({ operation: 5 });
    for (let round = 0; round < context.tries; round += 1) {
      for (const [name, input] of [
        ["loop", new Uint8Array(0)],
        ["gate without end", drain],
      ] as const) {
        target.configure({ deadlineUs: 50_000 });
        assertEnding((await target.attackAsync(name, input)).ending, ["E_DEADLINE"], name);
        target.expectRight(name);
        attempts += 1;
      }
    }
  });
  return attempts + (await inWasm(context));
}

/** Loops of a module, inline and on a thread; the event loop goes on meanwhile. */
async function inWasm({ machine, tries }: Context): Promise<number> {
  await using sandbox = await Sandbox.create({
    module: scalarModule(),
    machine,
    limits: { deadline: "60ms" },
  });
  for (let round = 0; round < tries; round += 1) {
    assertEnding(await endingOf(() => sandbox.call("forever")), ["E_DEADLINE"], "a loop");
    assert.equal(sandbox.call("add", 40, 2), 42);
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 1);
    assertEnding(
      await endingOf(() => sandbox.callAsync("forever", [])),
      ["E_DEADLINE"],
      "a loop on a thread",
    );
    clearInterval(timer);
    assert(turns > 3, "the event loop stood still");
    assert.equal(sandbox.call("add", 40, 2), 42);
  }
  return 2 * tries;
}

/** Endless work. */
export const attack: Attack = {
  id: "infinite-loops",
  title: "jmp $, a repeated string instruction, loops of gates, of growth, of WebAssembly",
  check: "ends at the deadline; the event loop of the host goes on when the call is asynchronous",
  guarantees: ["deadlines", "signals", "soft-honest"],
  on: { kvm: onKvm, soft: onSoft },
  core: [
    "tests::hostile::a_loop_ends_at_the_deadline",
    "tests::hostile::growth_without_end_stops",
    "tests::hostile::hypercalls_do_no_harm",
    "tests::ring3::floods::empty_drains_end_at_the_deadline",
    "tests::deadlines::a_short_deadline_after_a_long_one_still_holds",
    "tests::deadlines::a_tick_of_an_earlier_call_does_not_end_a_later_one",
    "tests::deadlines::each_thread_has_its_own_deadline",
    "tests::aborts::no_abort_of_a_spinning_guest_gets_lost",
  ],
};
