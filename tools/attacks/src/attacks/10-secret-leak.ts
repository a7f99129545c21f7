import assert from "node:assert/strict";
import { Sandbox } from "@twinwall/sandbox";
import type { Attack, Context } from "../attack.js";
import { holds } from "../check.js";
import { freshModule, scalarModule } from "../modules.js";
import { withVictims } from "../victims/index.js";
import { type Victim, words } from "../victims/victim.js";

const canary = 0x5ec2_e75e_c2e7_a10bn;
const secret = words(canary);

/** What keeps a secret, and what tells it. */
const pairs = [
  ["keep registers", "tell registers"],
  ["keep vectors", "tell vectors"],
  ["fill everything", "tell vectors"],
  ["fill everything", "tell registers"],
  ["keep", "tell"],
  ["keep", "tell register"],
] as const;

/** How the call with the secret ends: well, by an attack, by its deadline. */
const ends = ["", "rep insb", "undefined instruction", "loop"];

const nothing = new Uint8Array(0);

/** One pair: the secret is there in the session, and gone after each kind of end. */
function keepAndTell(target: Victim, [keep, tell]: (typeof pairs)[number]): void {
  const input = new Uint8Array(4096).map((_, index) => secret[index % 8] ?? 0);
  const fresh = target.attack(tell).output;
  target.attack(keep, input, true);
  const held = target.attack(tell, nothing, true).output;
  target.machine.restore();
  // Vectors other than the third are not filled by that piece.
  if (keep !== "fill everything") assert(holds(held, secret), `${keep} keeps nothing`);
  for (const end of ends) {
    target.attack(keep, input, true);
    target.configure({ deadlineUs: 10_000 });
    if (end === "") target.machine.restore();
    else target.attack(end);
    target.configure({});
    assert.deepEqual(target.attack(tell).output, fresh, `${keep}, ${end || "a restore"}, ${tell}`);
    target.expectRight(keep);
  }
}

async function onKvm(context: Context): Promise<number> {
  await withVictims("kvm", (victim) => {
    const target = victim();
    for (let round = 0; round < context.tries; round += 1)
      for (const pair of pairs) keepAndTell(target, pair);
  });
  return context.tries * pairs.length * ends.length + (await inWasm(context));
}

async function onSoft(context: Context): Promise<number> {
  let attempts = 0;
  await withVictims("soft", (victim) => {
    const target = victim();
    for (let round = 0; round < context.tries; round += 1) {
      target.attack("keep", secret, true);
      assert(holds(target.attack("tell", new Uint8Array(0), true).output, secret), "the image keeps nothing");
      target.machine.restore();
      attempts += 1 + searchMemory(target);
      target.expectRight("a secret in memory and a global");
    }
  });
  return attempts + (await inWasm(context));
}

/** Reads all memory of the restored machine, piece by piece, as the image itself sees it. */
function searchMemory(target: Victim): number {
  const size = Number(new DataView(target.attack("size").output.buffer).getBigUint64(0, true));
  let pieces = 0;
  for (let address = 0; address + 4096 <= size; address += 4000) {
    const input = new Uint8Array(4000);
    new DataView(input.buffer).setUint32(0, address, true);
    const { ending, output } = target.attack("peek", input);
    assert.equal(ending, "OK");
    assert(!holds(output, secret), `the secret is still at about ${address}`);
    pieces += 1;
  }
  return pieces;
}

/** Globals, memory, grown memory, tables, dropped segments of a module; then random streams of clones. */
async function inWasm({ machine, tries }: Context): Promise<number> {
  const module = scalarModule();
  await using sandbox = await Sandbox.create({ module, machine, limits: { memory: "4MiB" } });
  const segments = sandbox.call("segments");
  assert.equal(sandbox.call("tell"), 0n);
  for (let round = 0; round < 4 * tries; round += 1) {
    const session = sandbox.session();
    session.call("keep", canary);
    assert.notEqual(session.call("tell"), 0n, "the module keeps nothing");
    assert.notEqual(session.call("search", canary), -1, "the search finds nothing");
    session.finish();
    assert.equal(sandbox.call("tell"), 0n, "state of a session after its end");
    assert.equal(sandbox.call("search", canary), -1, "memory after a session's end");
    assert.equal(sandbox.call("segments"), segments, "segments that were dropped");
    sandbox.call("keep", canary);
    assert.equal(sandbox.call("search", canary), -1, "memory after a call");
    // What another sandbox of the same domain gets is a recycled machine.
    await using next = await Sandbox.create({ module, machine, limits: { memory: "4MiB" } });
    assert.equal(next.call("search", canary), -1, "memory of a recycled machine");
    assert.equal(next.call("tell"), 0n);
  }
  return 4 * tries + (await compareStreams(machine, tries));
}

async function compareStreams(machine: Context["machine"], tries: number): Promise<number> {
  const module = freshModule();
  await using first = await Sandbox.create({ module, machine });
  await using second = await Sandbox.create({ module, machine });
  const drawn = new Set<unknown>();
  const rounds = 32 * tries;
  let wall = 0n;
  for (let round = 0; round < rounds; round += 1) {
    for (const one of [first, second]) drawn.add(one.call("random"));
    // Each call's clock starts over; the wall clock is that of the call.
    const monotonic = first.call("monotonic") as bigint;
    assert(monotonic >= 0n && monotonic < 10n ** 9n, `a call began at ${monotonic} ns`);
    const now = first.call("wall") as bigint;
    assert(now >= wall && now <= BigInt(Date.now() + 60_000) * 1_000_000n, `the wall clock says ${now}`);
    wall = now;
  }
  assert.equal(drawn.size, 2 * rounds, "clones share random numbers");
  const session = first.session();
  let last = 0n;
  for (let round = 0; round < 20; round += 1) {
    const now = session.call("monotonic") as bigint;
    assert(now >= last, "the clock of a session went back");
    last = now;
  }
  session.finish();
  return rounds;
}

/** What one call leaves for the next. */
export const attack: Attack = {
  id: "secret-leak",
  title:
    "a canary in memory, registers, vectors, tables, globals; good, failed and late calls; then a search",
  check: "nothing of it anywhere after a restore; clones draw different random numbers; clocks start over",
  guarantees: ["clean-slate", "fresh-per-call", "trust-domain"],
  on: { kvm: onKvm, soft: onSoft },
  core: [
    "tests::ring3::state::all_state_of_a_restored_machine_is_that_of_a_new_one",
    "tests::ring3::leftovers::vectors_flags_and_control_words_do_not_survive",
    "tests::ring3::leftovers::registers_mailbox_and_areas_do_not_survive",
    "tests::ring3::leftovers::selectors_do_not_survive",
    "tests::ring3::leftovers::state_that_should_not_be_there_does_not_survive",
    "tests::ring3::leftovers::a_machine_that_replaces_a_poisoned_one_is_clean",
    "tests::restore::every_writable_byte_equals_the_snapshot_after_a_restore",
    "tests::restore::extended_state_does_not_survive",
    "tests::restore::segment_bases_and_selectors_do_not_survive",
    "tests::real_images::a_call_of_a_real_image_resets_extended_state",
    "tests::real_images::images_reset_extended_state_where_they_resume",
  ],
};
