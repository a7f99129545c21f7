import { describe, expect, it } from "vitest";
import { Sandbox } from "../src/index.js";
import type { Calc, Item } from "./generated/calc.js";
import { typedModuleOf } from "./support/components.js";
import { machine, needsMachine } from "./support/machine.js";

needsMachine();

const module = await typedModuleOf("calc");

class Logger {
  constructor(readonly prefix: string) {}
  log(text: string): number {
    return text.length + this.prefix.length;
  }
}

const host: Calc["imports"] = {
  "docs:calc/log@0.1.0": { write: () => {}, ask: (text) => text.length, Logger },
  now: () => 1n,
};

/** Never called: the compiler alone reads it. */
export async function whatDoesNotCompile(sandbox: Sandbox<Calc>): Promise<void> {
  const sum: number = sandbox.call("docs:calc/ops@0.1.0#add", 1, 2);
  const text: string = sandbox.call("twice", "a");
  const later: number = await sandbox.callAsync("docs:calc/ops@0.1.0#add", [sum, text.length]);
  sandbox.session().call("docs:calc/ops@0.1.0#[constructor]counter", later).add(1);
  // @ts-expect-error A text is no number.
  sandbox.call("docs:calc/ops@0.1.0#add", 1, "2");
  // @ts-expect-error One argument is missing.
  sandbox.call("docs:calc/ops@0.1.0#add", 1);
  // @ts-expect-error One is too many.
  sandbox.call("twice", "a", "b");
  // @ts-expect-error The world has no such function.
  sandbox.call("thrice", "a");
  // @ts-expect-error It returns text.
  sandbox.call("twice", "a") satisfies number;
  // @ts-expect-error Asynchronous calls take the same.
  await sandbox.callAsync("twice", [1]);
  // @ts-expect-error So do sessions.
  sandbox.session().call("twice", 1);
  const pool = await sandbox.pool();
  const pooled: number = pool.call("docs:calc/ops@0.1.0#add", 1, 2);
  await pool.callAsync("docs:calc/ops@0.1.0#add", [pooled, 2]);
  // @ts-expect-error So do pools.
  pool.call("twice", 1);
  // @ts-expect-error And what they lend.
  await pool.use((lent) => lent.call("thrice", "a"));
  // @ts-expect-error `bleu` is no colour.
  sandbox.call("docs:calc/ops@0.1.0#echo-items", [{ ...item, color: "bleu" }]);
  const { name, ...unnamed } = item;
  // @ts-expect-error A field is missing.
  sandbox.call("docs:calc/ops@0.1.0#echo-items", [unnamed, name.length > 0 ? item : unnamed]);
  // @ts-expect-error A host function has another result.
  await Sandbox.create<Calc>({ module, host: { ...host, now: () => 1 } });
  // @ts-expect-error The host lacks a function.
  await Sandbox.create<Calc>({ module, host: { "docs:calc/log@0.1.0": host["docs:calc/log@0.1.0"] } });
}

const item: Item = {
  id: 1,
  name: "a",
  tags: [],
  big: 1n,
  color: "red",
  rights: { canRead: true },
  shape: { tag: "line", val: 1 },
};

describe("declarations of a world", () => {
  it("are those of what runs", async () => {
    await using sandbox = await Sandbox.create<Calc>({ module, machine, host });
    const [echoed] = sandbox.call("docs:calc/ops@0.1.0#echo-items", [item]);
    expect(echoed).toEqual({ ...item, note: undefined, rights: { canRead: true, canWrite: false } });
    expect(sandbox.call("twice", "ab").toUpperCase()).toBe("ABAB");
    using session = sandbox.session();
    expect(session.call("docs:calc/ops@0.1.0#[constructor]counter", 5).add(1)).toBe(6);
  });
});
