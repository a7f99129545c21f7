import { describe, expect, it } from "vitest";
import { Pool, type PoolOptions } from "../src/index.js";
import { typedModuleOf } from "./support/components.js";
import { errorOf } from "./support/errors.js";
import { needsMachine } from "./support/machine.js";
import { settled } from "./support/pools.js";

needsMachine();

const calc = await typedModuleOf("calc");

const disposed: string[] = [];

/** A resource of the host's, which tells of its end. */
class Logger {
  constructor(readonly prefix: string) {}
  log(text: string): number {
    return this.prefix.length + text.length;
  }
  [Symbol.dispose](): void {
    disposed.push(this.prefix);
  }
}

async function open(options: PoolOptions): Promise<Pool> {
  const log = { Logger, write: () => {}, ask: (text: string) => text.length };
  const host = { "docs:calc/log@0.1.0": log, now: () => 42n };
  return await Pool.create({ module: calc, host, ...options });
}

describe("a component in a pool", () => {
  it("is called by its types, on any machine", async () => {
    await using pool = await open({ max: 3 });
    expect(pool.call("docs:calc/ops@0.1.0#add", 2, 3)).toBe(5);
    const texts = ["a", "bc", "d€f", "g"];
    expect(await Promise.all(texts.map((text) => pool.callAsync("twice", [text])))).toEqual(
      texts.map((text) => text + text),
    );
    expect((await errorOf(() => pool.call("add", 1, -1))).code).toBe("E_TYPE");
    expect((await errorOf(() => pool.call("divide", 1, 0))).code).toBe("E_GUEST_ERROR");
    expect(pool.call("divide", 6, 2)).toBe(3);
  });

  it("keeps the resources of each lease apart, and lets them go with it", async () => {
    await using pool = await open({ max: 2 });
    const [first, second] = await Promise.all([pool.acquire(), pool.acquire()]);
    for (const [lent, text] of [
      [first, "one"],
      [second, "two"],
    ] as const) {
      const session = lent.session();
      session.call("keep-logger", new Logger(text));
    }
    expect(disposed).toEqual([]);
    first.release();
    expect(disposed).toEqual(["one"]);
    second.release();
    expect(disposed).toEqual(["one", "two"]);
    await settled(pool);
    expect(pool.stats().machines).toEqual({ ready: 2, busy: 0, restoring: 0 });
  });
});
