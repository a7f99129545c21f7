import { afterEach, describe, expect, it } from "vitest";
import { resultError, Sandbox, type SandboxOptions } from "../src/index.js";
import { component, typedModule, typedModuleOf } from "./support/components.js";
import { errorOf } from "./support/errors.js";
import { machine, needsMachine } from "./support/machine.js";

needsMachine();

const calc = await typedModuleOf("calc");

/** What the host's functions were told. */
let told: string[] = [];
let disposed: string[] = [];
afterEach(() => {
  told = [];
  disposed = [];
});

class Logger {
  constructor(readonly prefix: string) {}
  log(text: string): number {
    told.push(`${this.prefix}: ${text}`);
    return told.length;
  }
  [Symbol.dispose](): void {
    disposed.push(this.prefix);
  }
}

const log = {
  Logger,
  write: (text: string) => void told.push(text),
  ask: (text: string) => {
    if (text === "fail") throw resultError("no answer");
    return text.length;
  },
};

async function open(options: Partial<SandboxOptions> = {}): Promise<Sandbox> {
  const host = { "docs:calc/log@0.1.0": log, now: () => 42n };
  return await Sandbox.create({ module: calc, machine, host, ...options });
}

const item = {
  id: 7,
  name: "größer",
  tags: ["one", "", "three"],
  note: undefined,
  big: 2n ** 63n,
  color: "green",
  rights: { canRead: true, canWrite: false },
  shape: { tag: "text", val: "line" },
};

describe("typed calls", () => {
  it("take and return the values that WIT declares", async () => {
    await using sandbox = await open();
    expect(sandbox.call("docs:calc/ops@0.1.0#add", 2, 3)).toBe(5);
    expect(sandbox.call("twice", "ab€")).toBe("ab€ab€");
    expect(sandbox.call("numbers", Float64Array.of(0.5, -0))).toEqual(Float64Array.of(0.5, -0));
    const items = [item, { ...item, note: "x", shape: { tag: "dot", val: undefined } }];
    expect(sandbox.call("echo-items", items)).toEqual(items);
    expect(sandbox.call("echo-items", [])).toEqual([]);
    using session = sandbox.session();
    for (let round = 0; round < 50; round++) expect(session.call("echoItems", items)).toEqual(items);
  });

  it("name functions in full, without version, or alone where that is clear", async () => {
    await using sandbox = await open();
    for (const name of ["docs:calc/ops@0.1.0#add", "docs:calc/ops#add", "add"]) {
      expect(sandbox.call(name, 1, 2)).toBe(3);
    }
    expect((await errorOf(() => sandbox.call("ad", 1, 2))).message).toContain('did you mean "add"?');
    expect((await errorOf(() => sandbox.callBytes("add"))).message).toContain("is typed: call it by call()");
    expect(sandbox.functions.find(({ name }) => name.endsWith("#divide"))).toEqual({
      name: "docs:calc/ops@0.1.0#divide",
      parameters: ["s32", "s32"],
      results: ["result<s32, string>"],
      bytes: false,
      scalar: false,
      typed: true,
    });
  });

  it("refuse other values before anything enters the guest", async () => {
    await using sandbox = await open();
    const before = sandbox.stats().calls;
    const error = await errorOf(() => sandbox.call("echo-items", [item, { ...item, id: 256 }]));
    expect(error.message).toBe(
      "E_TYPE: docs:calc/ops@0.1.0#echo-items: parameter items[1].id: expected u8 (a whole number from 0 to 255), found 256",
    );
    expect((await errorOf(() => sandbox.call("add", 1))).message).toContain(
      "takes 2 arguments (a, b), not 1",
    );
    expect(sandbox.stats().calls).toBe(before);
  });

  it("throw the error of a result, and the session goes on", async () => {
    await using sandbox = await open();
    using session = sandbox.session();
    expect(session.call("divide", 7, 2)).toBe(3);
    const error = await errorOf(() => session.call("divide", 7, 0));
    expect(error).toMatchObject({ code: "E_GUEST_ERROR", payload: "division by zero" });
    expect(session.call("divide", 9, 3)).toBe(3);
  });

  it("carry more than the first buffer", async () => {
    await using sandbox = await open({ limits: { memory: "64MiB", resultBytes: "32MiB" } });
    const values = Float64Array.from({ length: 300_000 }, (_, index) => index / 7);
    expect(sandbox.call("numbers", values)).toEqual(values);
    const many = Array.from({ length: 1000 }, (_, id) => ({ ...item, id: id % 256, name: `item ${id}` }));
    expect(sandbox.call("echo-items", many)).toEqual(many);
  });

  it("run on a thread of their own", async () => {
    await using sandbox = await open();
    expect(await sandbox.callAsync("add", [2, 3])).toBe(5);
    expect(await sandbox.callAsync("twice", ["é"])).toBe("éé");
    await using other = await open({
      host: {
        "docs:calc/log@0.1.0": {
          ...log,
          ask: async (text: string) => await Promise.resolve(text.length + 1),
        },
        now: () => 0n,
      },
    });
    expect(await other.callAsync("relay", ["four"])).toBe(5);
    expect((await errorOf(() => other.call("relay", "four"))).message).toContain("callAsync waits for it");
  });
});

describe("replies that break the rules", () => {
  it("are E_BAD_REPLY, and end the session", async () => {
    await using sandbox = await open();
    const session = sandbox.session();
    expect(session.call("bad-text", 0, 0)).toBe("");
    expect((await errorOf(() => session.call("bad-text", 2 ** 32 - 4, 64))).code).toBe("E_BAD_REPLY");
    expect(session.open).toBe(false);
    expect(sandbox.call("add", 1, 1)).toBe(2);
  });

  it("may be text that is none", async () => {
    const wit = "package a:b; world w { export bad: func() -> string; }";
    const wat = `(module (memory (export "memory") 1) (data (i32.const 64) "\\ff\\fe")
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
      (func (export "bad") (result i32)
        (i32.store (i32.const 16) (i32.const 64)) (i32.store (i32.const 20) (i32.const 2)) (i32.const 16)))`;
    await using sandbox = await Sandbox.create({ module: await typedModule(wat, wit), machine });
    const session = sandbox.session();
    const error = await errorOf(() => session.call("bad"));
    expect(error.message).toBe("E_BAD_REPLY: bad: result is malformed: it is not UTF-8");
    expect(session.open).toBe(false);
  });
});

describe("imports", () => {
  it("reach the host's functions", async () => {
    await using sandbox = await open();
    expect(sandbox.call("tell", "hello")).toBe(42);
    expect(told).toEqual(["hello"]);
    expect(sandbox.call("relay", "four")).toBe(4);
    expect(await errorOf(() => sandbox.call("relay", "fail"))).toMatchObject({
      code: "E_GUEST_ERROR",
      payload: "no answer",
    });
  });

  it("that fail end the call", async () => {
    const host = {
      "docs:calc/log@0.1.0": {
        ...log,
        write: () => {
          throw new Error("disk full");
        },
      },
      now: () => 0n,
    };
    await using sandbox = await open({ host });
    expect((await errorOf(() => sandbox.call("tell", "x"))).message).toContain(
      'host function "docs:calc/log@0.1.0#write" failed: disk full',
    );
    await using other = await open({ host: { "docs:calc/log@0.1.0": log, now: () => 42 } });
    expect((await errorOf(() => other.call("tell", "x"))).message).toContain(
      "now: result: expected u64 (a bigint from 0 to 18446744073709551615), found 42",
    );
  });

  it("that are missing are all named at once", async () => {
    const { message } = await errorOf(() =>
      open({ host: { "docs:calc/log": { Logger, write: log.write } } }),
    );
    expect(message).toBe(
      'E_IMPORT: the component imports "docs:calc/log@0.1.0#ask", "now", which it is not given; given are "docs:calc/log"',
    );
    const nothing = await errorOf(() => open({ host: {} }));
    expect(nothing.message).toContain('"docs:calc/log@0.1.0#class Logger"');
    expect(nothing.message).toContain('"docs:calc/log@0.1.0#[method]logger.log"');
  });

  it("that nobody imports are refused", async () => {
    const host = { "docs:calc/log": { ...log, wriet: () => {} }, now: () => 0n };
    expect((await errorOf(() => open({ host }))).message).toBe(
      'E_OPTION: host: the component imports no "wriet" of "docs:calc/log"; did you mean "write"?',
    );
    const more = { "docs:calc/log": log, now: () => 0n, nwo: () => 0n };
    expect((await errorOf(() => open({ host: more }))).message).toContain('did you mean "now"?');
    const old = { "docs:calc/log@0.2.0": log, now: () => 0n };
    expect((await errorOf(() => open({ host: old }))).code).toBe("E_IMPORT");
  });
});

describe("resources of the host's", () => {
  it("are made, used and dropped by the guest", async () => {
    await using sandbox = await open();
    expect(sandbox.call("make-logger", "hi")).toBe(1);
    expect([told, disposed]).toEqual([["hi: hi"], ["hi"]]);
  });

  it("are lent for a call, or given until the session ends", async () => {
    await using sandbox = await open();
    const lent = new Logger("lent");
    expect(sandbox.call("borrow-logger", lent, "x")).toBe(1);
    expect(disposed).toEqual([]);
    const session = sandbox.session();
    const kept = new Logger("kept");
    session.call("keep-logger", kept);
    expect((await errorOf(() => session.call("keep-logger", kept))).message).toContain(
      "has this logger already",
    );
    expect(session.call("give-back")).toBe(kept);
    session.call("keep-logger", kept);
    session.finish();
    expect(disposed).toEqual(["kept"]);
    expect((await errorOf(() => sandbox.call("borrow-logger", {}, "x"))).message).toContain(
      "parameter to: expected borrow<logger> (a resource of that type), found a value of type Object",
    );
  });
});

describe("resources of the guest's", () => {
  interface Counter {
    add(amount: number): number;
    [Symbol.dispose](): void;
  }

  it("are objects with methods, until they are dropped or given back", async () => {
    await using sandbox = await open();
    using session = sandbox.session();
    const one = session.call("[constructor]counter", 5) as Counter;
    const other = session.call("[constructor]counter", 10) as Counter;
    expect([one.add(1), other.add(2), one.add(3)]).toEqual([6, 12, 9]);
    expect(session.call("[method]counter.add", one, 1)).toBe(10);
    one[Symbol.dispose]();
    one[Symbol.dispose]();
    expect(session.call("dropped")).toBe(1);
    expect((await errorOf(() => one.add(1))).code).toBe("E_DISPOSED");
    expect(session.call("Counter.take", other)).toBe(12);
    expect((await errorOf(() => session.call("Counter.take", other))).code).toBe("E_DISPOSED");
    expect(session.call("dropped")).toBe(2);
  });

  it("live in their session alone", async () => {
    await using sandbox = await open();
    expect((await errorOf(() => sandbox.call("[constructor]counter", 1))).message).toContain(
      "lives in a session",
    );
    const session = sandbox.session();
    const counter = session.call("[constructor]counter", 1) as Counter;
    session.finish();
    expect((await errorOf(() => counter.add(1))).message).toContain("its session is over");
    using next = sandbox.session();
    expect((await errorOf(() => next.call("[method]counter.add", counter, 1))).code).toBe("E_DISPOSED");
    counter[Symbol.dispose]();
  });

  it("are not given by a call that is refused", async () => {
    await using sandbox = await open();
    using session = sandbox.session();
    const counter = session.call("[constructor]counter", 1) as Counter;
    await errorOf(() => session.call("Counter.take", counter, "surplus"));
    expect(counter.add(1)).toBe(2);
    await errorOf(() => session.call("[method]counter.add", counter, "x"));
    expect(counter.add(1)).toBe(3);
  });
});

describe("components", () => {
  it("that are components already run too", async () => {
    const text = `(component (core module $M (func (export "f") (result i32) (i32.const 7)))
      (core instance $m (instantiate $M)) (func (export "f") (result u8) (canon lift (core func $m "f"))))`;
    await using sandbox = await Sandbox.create({ module: await component(text), machine });
    expect(sandbox.call("f")).toBe(7);
  });

  it("end with the trap of their code", async () => {
    const text = `(component (core module $M (func (export "f") unreachable))
      (core instance $m (instantiate $M)) (func (export "f") (canon lift (core func $m "f"))))`;
    await using sandbox = await Sandbox.create({ module: await component(text), machine });
    expect((await errorOf(() => sandbox.call("f"))).code).toBe("E_TRAP");
    expect((await errorOf(() => sandbox.call("f"))).code).toBe("E_TRAP");
  });
});
