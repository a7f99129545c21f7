import assert from "node:assert/strict";
import { hostFunction, Sandbox, t } from "@twinwall/sandbox";
import type { Attack, Context } from "../attack.js";
import { endingOf } from "../check.js";
import { bytesModule } from "../modules.js";

const text = new TextEncoder();

/** A host function that changes the caller's buffers while the guest is in the middle of its call. */
async function run({ machine, tries, random }: Context): Promise<number> {
  const rounds = 20 * tries;
  let input = new Uint8Array(0);
  let interfere = (): void => {};
  const meddle = hostFunction({ params: [], result: t.i32 }, () => {
    interfere();
    return 0;
  });
  await using sandbox = await Sandbox.create({ module: bytesModule(), machine, host: { meddle } });
  for (let round = 0; round < rounds; round += 1) {
    const expected = random.bytes(1 + random.below(5000));
    input = expected.slice();
    interfere = random.of([
      () => input.fill(0xee),
      () => void structuredClone(input, { transfer: [input.buffer] }),
    ]);
    assert.deepEqual(sandbox.callBytes("meddled", input), expected, "the input is copied once, before");
    interfere = () => {};
    assert.deepEqual(sandbox.callBytes("echo", text.encode("right")), text.encode("right"));
  }
  // Memory that others can write, or that can shrink, at any time.
  for (const shared of [new SharedArrayBuffer(64), resizable(64)]) {
    const view = new Uint8Array(shared);
    assert.equal(await endingOf(() => sandbox.callBytes("echo", view)), "E_TYPE");
    assert.equal(await endingOf(() => sandbox.callInto("echo", text.encode("a"), view)), "E_TYPE");
    assert.equal(await endingOf(() => sandbox.callAsync("echo", view)), "E_TYPE");
  }
  assert.deepEqual(sandbox.callBytes("echo", text.encode("right")), text.encode("right"));
  return rounds + 6;
}

function resizable(length: number): ArrayBuffer {
  // In the language since ES2024, in Node since 20.
  const Resizable = ArrayBuffer as unknown as new (length: number, options: object) => ArrayBuffer;
  return new Resizable(length, { maxByteLength: 2 * length });
}

/** Time of check, time of use. */
export const attack: Attack = {
  id: "time-of-check",
  title: "a second writer changes mailbox or buffers while they are read",
  check:
    "the result is wholly old, wholly new, or an error: everything is copied once and the copy is checked",
  guarantees: ["host-copies"],
  on: { kvm: run, soft: run },
  core: ["tests::ring3::races::a_second_writer_gets_an_old_reply_a_new_one_or_an_error"],
};
