import assert from "node:assert/strict";
import { type Duration, hostFunction, Sandbox, t } from "@twinwall/sandbox";
import type { Attack, Context } from "../attack.js";
import { assertEnding, type Ending, endingOf } from "../check.js";
import { floodModule } from "../modules.js";

const log = hostFunction({ params: [t.bytes], deferred: true }, () => {});

/** A sandbox whose host function does something new each time. */
async function withHost(
  machine: Context["machine"],
  deadline: Duration,
): Promise<{ sandbox: Sandbox; next: (act: (value: number) => number | Promise<number>) => void }> {
  let act: (value: number) => number | Promise<number> = (value) => value;
  const ask = hostFunction({ params: [t.i32], result: t.i32 }, (value) => act(value));
  const sandbox = await Sandbox.create({
    module: floodModule(),
    machine,
    limits: { deadline },
    host: { ask, log },
    // How many machines are kept for reuse depends on how the races end, and here machines are counted.
    recycle: false,
  });
  return {
    sandbox,
    next: (other) => {
      act = other;
    },
  };
}

async function run(context: Context): Promise<number> {
  const within = await comeBack(context);
  const after = await outlive(context);
  const races = await race(context);
  return within + after + races;
}

/** Host functions that use their own sandbox, throw, or never answer. */
async function comeBack({ machine, tries }: Context): Promise<number> {
  const { sandbox, next } = await withHost(machine, "200ms");
  for (let round = 0; round < tries; round += 1) {
    const inner: Ending[] = [];
    next(async (value) => {
      for (const attempt of [
        () => sandbox.callAsync("add", [1, 2]),
        () => sandbox.session(),
        () => sandbox.call("add", 1, 2),
      ])
        inner.push(await endingOf(attempt));
      return value;
    });
    assert.equal(await sandbox.callAsync("ask-once", [42]), 42);
    assert.deepEqual(inner, ["E_BUSY", "E_BUSY", "E_BUSY"]);
    next(() => {
      throw Object.assign(new Error("a host function that throws"), { code: "E_FORGED" });
    });
    assertEnding(await endingOf(() => sandbox.call("ask-once", 1)), ["E_HOST_FUNCTION"], "a throw");
    assertEnding(await endingOf(() => sandbox.callAsync("ask-once", [1])), ["E_HOST_FUNCTION"], "a throw");
    next(() => new Promise<number>(() => {}));
    assertEnding(await endingOf(() => sandbox.callAsync("ask-once", [1])), ["E_DEADLINE"], "no answer");
    assertEnding(
      await endingOf(() => sandbox.call("ask-once", 1)),
      ["E_TYPE"],
      "a promise in a synchronous call",
    );
    assert.equal(sandbox.call("add", 40, 2), 42);
  }
  sandbox.close();
  return 7 * tries;
}

/** Sandboxes that are closed in the middle of a call, twice, and used afterwards. */
async function outlive({ machine, tries }: Context): Promise<number> {
  for (let round = 0; round < tries; round += 1) {
    const { sandbox, next } = await withHost(machine, "5s");
    next((value) => {
      sandbox.close();
      return value;
    });
    assertEnding(
      await endingOf(() => sandbox.callAsync("ask-once", [1])),
      ["E_DISPOSED"],
      "closed by its host function",
    );
    sandbox.close();
    for (const attempt of [
      () => sandbox.call("add", 1, 2),
      () => sandbox.callAsync("add", [1, 2]),
      () => sandbox.session(),
      () => sandbox.callBytes("echo"),
    ])
      assertEnding(await endingOf(attempt), ["E_DISPOSED"], "use after close");
    const { sandbox: other } = await withHost(machine, "5s");
    const session = other.session();
    other.close();
    assertEnding(
      await endingOf(() => session.call("add", 1, 2)),
      ["E_DISPOSED"],
      "a session of a closed sandbox",
    );
    session.finish();
    other.close();
  }
  return 8 * tries;
}

/** Aborts and closes at any moment around the end of a call. */
async function race({ machine, tries, random }: Context): Promise<number> {
  const rounds = 100 * tries;
  const { sandbox, next } = await withHost(machine, "5s");
  next(async (value) => value);
  const closing = await withHost(machine, "5s");
  for (let round = 0; round < rounds; round += 1) {
    const controller = new AbortController();
    const call = endingOf(async () => {
      const sum = await sandbox.callAsync(
        round % 2 === 0 ? "add" : "ask-once",
        round % 2 === 0 ? [40, 2] : [42],
        {
          signal: controller.signal,
        },
      );
      assert.equal(sum, 42);
    });
    await moments(random.below(4), random.below(300));
    controller.abort();
    assertEnding(await call, ["OK", "E_ABORTED"], "an abort that races with the end");
    assert.equal(sandbox.call("add", round, 1), round + 1, "the call behind the race");
  }
  const last = endingOf(() => closing.sandbox.callAsync("ask-forever", []));
  await moments(3, 100);
  closing.sandbox.close();
  assertEnding(await last, ["E_DISPOSED", "E_LIMIT"], "a close that races with a call");
  sandbox.close();
  return rounds + 1;
}

/** Waits: for nothing, a turn of the microtasks, a turn of the event loop, or some microseconds. */
async function moments(kind: number, microseconds: number): Promise<void> {
  if (kind === 1) await Promise.resolve();
  if (kind === 2) await new Promise((resolve) => setImmediate(resolve));
  if (kind !== 3) return;
  const until = performance.now() + microseconds / 1000;
  while (performance.now() < until) await new Promise((resolve) => setImmediate(resolve));
}

/** Use of what is in use, or gone. */
export const attack: Attack = {
  id: "lifetime",
  title: "host functions that call, close, throw, never answer; use after close; kills at any moment",
  check: "typed errors in every state; an abort hits its own call only",
  guarantees: ["deadlines", "signals"],
  on: { kvm: run, soft: run },
  core: [
    "tests::ring3::leftovers::a_panic_in_a_host_function_costs_the_virtual_machine",
    "tests::aborts::an_abort_that_races_with_the_end_hits_its_own_call_only",
    "tests::hosts::a_deadline_inside_a_deadline_leaves_the_outer_one_in_force",
    "tests::alone::crews_leave_no_threads",
    "tests::alone::threads_leave_no_timers",
  ],
};
