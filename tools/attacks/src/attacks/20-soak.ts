import assert from "node:assert/strict";
import { hostFunction, Sandbox, t } from "@twinwall/sandbox";
import type { Attack, Context } from "../attack.js";
import { bytesModule } from "../modules.js";
import { withVictims } from "../victims/index.js";

async function run({ machine, tries, random }: Context): Promise<number> {
  const host = { meddle: hostFunction({ params: [], result: t.i32 }, () => 0) };
  const options = { module: bytesModule(), machine, host };
  const calls = 2000 * tries;
  const lives = 20 * tries;
  {
    await using sandbox = await Sandbox.create(options);
    const input = random.bytes(128);
    const output = new Uint8Array(128);
    for (let round = 0; round < calls; round += 1) {
      input[round % 128] = round & 0xff;
      assert.equal(sandbox.callInto("echo", input, output), 128);
      assert(Buffer.compare(input, output) === 0, `call ${round}`);
    }
  }
  for (let round = 0; round < lives; round += 1) {
    await using sandbox = await Sandbox.create({ ...options, recycle: round % 2 === 0 });
    assert.equal(sandbox.call("add", round, 1), round + 1);
  }
  // Machines that are lost to attacks, by turns with good calls.
  await withVictims(machine, (victim) => {
    const target = victim();
    for (let round = 0; round < lives; round += 1) {
      target.attack(machine === "kvm" ? "rep insb" : "trap");
      target.expectRight("an attack");
    }
  });
  return calls + 2 * lives;
}

/** Long lives. */
export const attack: Attack = {
  id: "soak",
  title: "calls, sandboxes that come and go, machines that are lost",
  check: "descriptors, mappings, threads and resident memory stay where they were",
  guarantees: ["private-memory", "clean-slate"],
  on: { kvm: run, soft: run },
  core: [
    "tests::soak::ten_thousand_calls_and_restores_change_nothing",
    "tests::soak::machines_come_and_go_without_a_trace",
    "tests::alone::three_hundred_machines_leave_nothing",
    "tests::restore::a_long_life_leaves_nothing_behind",
  ],
};
