import assert from "node:assert/strict";
import { hostFunction, Sandbox, t } from "@twinwall/sandbox";
import type { Attack, Context } from "../attack.js";
import { assertEnding, endingOf } from "../check.js";
import { floodModule } from "../modules.js";
import { withVictims } from "../victims/index.js";
import { limits, report } from "../victims/victim.js";

/** Host calls and records without end, and calls of functions that no host has. */
async function run(context: Context): Promise<number> {
  const { machine, tries } = context;
  let attempts = 0;
  await withVictims(machine, (victim) => {
    let served = 0;
    const seen = new Set<number>();
    const target = victim({
      hostCall: (id) => {
        served += 1;
        seen.add(id);
        return new Uint8Array(4000);
      },
    });
    const call = report({ operation: 3, function: 0xffff_ffff, outputAddress: 0n, outputLength: 0n });
    const [name, input] = machine === "kvm" ? ["host calls without end", call] : ["gate without end", call];
    for (let round = 0; round < 2 * tries; round += 1) {
      served = 0;
      assertEnding(target.attack(name, input).ending, ["E_LIMIT"], name);
      assert.equal(served, limits.hostCalls, "no more host calls than the limit");
      target.expectRight(name);
      attempts += 1;
    }
    assert(seen.size === 1, "the host is told which function was asked for");
  });
  return attempts + (await inWasm(context));
}

async function inWasm({ machine, tries }: Context): Promise<number> {
  let answered = 0;
  let logged = 0;
  await using sandbox = await Sandbox.create({
    module: floodModule(),
    machine,
    limits: { hostCalls: 1000, logBytes: "16KiB", deadline: "5s" },
    host: {
      ask: hostFunction({ params: [t.i32], result: t.i32 }, (value) => {
        answered += 1;
        return value;
      }),
      log: hostFunction({ params: [t.bytes], deferred: true }, (bytes) => {
        logged += bytes.length;
      }),
    },
  });
  await using waiting = await Sandbox.create({
    module: floodModule(),
    machine,
    limits: { deadline: "60ms" },
    host: {
      ask: hostFunction({ params: [t.i32], result: t.i32 }, () => new Promise<number>(() => {})),
      log: hostFunction({ params: [t.bytes], deferred: true }, () => {}),
    },
  });
  for (let round = 0; round < tries; round += 1) {
    [answered, logged] = [0, 0];
    assertEnding(await endingOf(() => sandbox.call("ask-forever")), ["E_LIMIT"], "host calls without end");
    assert.equal(answered, 1000);
    assertEnding(
      await endingOf(() => sandbox.callAsync("ask-forever", [])),
      ["E_LIMIT"],
      "the same on a thread",
    );
    assertEnding(await endingOf(() => sandbox.call("log-forever")), ["E_LIMIT"], "logs without end");
    assert(logged <= 16_384, `${logged} bytes of logs`);
    assertEnding(
      await endingOf(() => waiting.callAsync("ask-forever", [])),
      ["E_DEADLINE"],
      "a promise that never settles",
    );
    for (const one of [sandbox, waiting]) assert.equal(one.call("add", 40, 2), 42);
  }
  return 4 * tries;
}

/** Too many questions. */
export const attack: Attack = {
  id: "host-call-flood",
  title: "host calls and logs without end, functions that nobody has, promises that never settle",
  check: "quota error; nothing queues up in the host; the deadline covers the time of the host",
  guarantees: ["deadlines", "host-copies", "guest-text"],
  on: { kvm: run, soft: run },
  core: [
    "tests::ring3::floods::host_calls_end_at_their_limit",
    "tests::ring3::floods::large_answers_do_not_pile_up",
    "tests::ring3::floods::records_end_at_their_limit",
  ],
};
