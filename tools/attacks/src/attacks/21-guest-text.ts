import assert from "node:assert/strict";
import { hostFunction, Sandbox, t } from "@twinwall/sandbox";
import type { Attack, Context } from "../attack.js";
import { errorOf } from "../check.js";
import { floodModule, textModule } from "../modules.js";

const controls = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

async function run({ machine, tries }: Context): Promise<number> {
  await using sandbox = await Sandbox.create({ module: textModule(), machine });
  for (let round = 0; round < tries; round += 1) {
    const { code, message } = await errorOf(() => sandbox.call("refuse"));
    assert.equal(code, "E_GUEST_ERROR");
    assert(message.includes("first\\n") && message.includes("end"), message);
    assert(!controls.test(message), `control characters: ${JSON.stringify(message)}`);
    const long = await errorOf(() => sandbox.call("refuse-at-length"));
    assert(long.message.length < 16_384, `a message of ${long.message.length} characters`);
    await errorOf(() => sandbox.call("refuse-beyond"));
    assert.equal(sandbox.call("add", 40, 2), 42);
  }
  return 3 * tries + (await secretOfHost(machine, tries));
}

/** The text of a host function's error is the host's: the guest never gets it. */
async function secretOfHost(machine: Context["machine"], tries: number): Promise<number> {
  const reason = new Error("password: hunter2");
  await using sandbox = await Sandbox.create({
    module: floodModule(),
    machine,
    host: {
      ask: hostFunction({ params: [t.i32], result: t.i32 }, () => {
        throw reason;
      }),
      log: hostFunction({ params: [t.bytes], deferred: true }, () => {}),
    },
  });
  for (let round = 0; round < tries; round += 1) {
    const error = await errorOf(() => sandbox.call("ask-once", 1));
    assert.equal(error.code, "E_HOST_FUNCTION");
    assert.equal(error.cause, reason, "the host has its own error");
    assert.equal(sandbox.call("add", 40, 2), 42);
  }
  return tries;
}

/** Words that are not what they seem. */
export const attack: Attack = {
  id: "guest-text",
  title: "error texts with control characters, forged lines, bad UTF-8, 200,000 bytes",
  check: "bounded, escaped, on one line; the text of a host's error stays with the host",
  guarantees: ["guest-text"],
  on: { kvm: run, soft: run },
  core: [],
};
