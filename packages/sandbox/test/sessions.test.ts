import { describe, expect, it } from "vitest";
import { Sandbox } from "../src/index.js";
import { errorOf } from "./support/errors.js";
import { needsMachine } from "./support/machine.js";
import { moduleOf, textOf, utf8 } from "./support/modules.js";
import { openSandbox } from "./support/sandbox.js";

needsMachine();

describe("a session", () => {
  const counter = openSandbox({ module: () => moduleOf("scalars") });
  const bytes = openSandbox({ module: () => moduleOf("bytes") });

  it("keeps state until it is finished", () => {
    const session = counter().session();
    expect([session.call("count"), session.call("count"), session.call("count")]).toEqual([1, 2, 3]);
    session.finish();
    expect(counter().call("count")).toBe(1);
  });

  it.each(["read", "refuse"])("has one clock from its first call on, be that %s", async (first) => {
    await using sandbox = await Sandbox.create({ module: moduleOf("clock") });
    using session = sandbox.session();
    if (first === "read") session.call("read");
    else expect((await errorOf(() => session.call("refuse"))).code).toBe("E_GUEST_ERROR");
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(session.call("read")).toBeGreaterThan(20_000_000n);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(await session.callAsync("read", [])).toBeGreaterThan(40_000_000n);
  });

  it("is finished by `using`", () => {
    {
      using session = counter().session();
      expect(session.call("count")).toBe(1);
      expect(session.open).toBe(true);
    }
    expect(counter().call("count")).toBe(1);
  });

  it("takes all kinds of calls over one state", () => {
    using session = bytes().session();
    const output = new Uint8Array(4);
    expect(session.callInto("sum", Uint8Array.of(1, 2, 3), output)).toBe(4);
    expect(output[0]).toBe(6);
    expect(session.callBytes("sum", Uint8Array.of(4))[0]).toBe(10);
    expect(session.callMany("sum", [Uint8Array.of(1), Uint8Array.of(1)]).map((sum) => sum[0])).toEqual([
      11, 12,
    ]);
    expect(session.call("total")).toBe(12);
    expect(textOf(session.callBytes("echo", utf8("and bytes")))).toBe("and bytes");
  });

  it("holds the sandbox: other calls are E_BUSY", async () => {
    const session = bytes().session();
    for (const attempt of [
      () => bytes().call("total"),
      () => bytes().callBytes("echo"),
      () => bytes().callInto("echo", utf8(""), utf8("")),
      () => bytes().callMany("echo", []),
      () => bytes().session(),
      () => bytes().run(),
    ]) {
      expect((await errorOf(attempt)).code).toBe("E_BUSY");
    }
    session.finish();
    expect(bytes().call("total")).toBe(0);
  });

  it("is E_DISPOSED when finished; finishing twice does nothing", async () => {
    const session = counter().session();
    session.finish();
    session.finish();
    expect(session.open).toBe(false);
    expect((await errorOf(() => session.call("count"))).message).toBe("E_DISPOSED: the session is finished");
    const next = counter().session();
    session.finish();
    expect(next.call("count")).toBe(1);
    next.finish();
  });

  it("goes on after a failure that the guest reports", async () => {
    using session = bytes().session();
    session.callBytes("sum", Uint8Array.of(5));
    expect((await errorOf(() => session.callBytes("refuse"))).code).toBe("E_GUEST_ERROR");
    expect(session.call("total")).toBe(6);
  });

  it("goes on after a call that never entered the guest", async () => {
    using session = counter().session();
    expect(session.call("count")).toBe(1);
    expect((await errorOf(() => session.call("add", 1))).code).toBe("E_TYPE");
    expect((await errorOf(() => session.call("none"))).code).toBe("E_NO_FUNCTION");
    expect(session.call("count")).toBe(2);
  });

  it("ends with a trap, its state gone, and the sandbox goes on", async () => {
    const session = counter().session();
    session.call("count");
    expect((await errorOf(() => session.call("unreachable"))).code).toBe("E_TRAP");
    const later = await errorOf(() => session.call("count"));
    expect(later.code).toBe("E_DISPOSED");
    expect(later.message).toContain("ended with E_TRAP");
    expect(later.cause).toMatchObject({ code: "E_TRAP" });
    expect(counter().call("count")).toBe(1);
    session.finish();
  });

  it("ends with a broken limit", async () => {
    const session = bytes().session();
    session.callBytes("sum", Uint8Array.of(5));
    expect((await errorOf(() => session.callInto("echo", utf8("long"), new Uint8Array(1)))).code).toBe(
      "E_LIMIT",
    );
    expect(session.open).toBe(false);
    expect(bytes().call("total")).toBe(0);
  });
});

describe("a session that a limit ends before the guest runs", () => {
  it("leaves nothing behind either", async () => {
    await using sandbox = await Sandbox.create({ module: moduleOf("bytes"), limits: { memory: "128KiB" } });
    const session = sandbox.session();
    session.callBytes("sum", Uint8Array.of(5));
    expect((await errorOf(() => session.callBytes("sum", new Uint8Array(200_000)))).code).toBe("E_LIMIT");
    expect(session.open).toBe(false);
    expect(sandbox.call("total")).toBe(0);
  });
});

describe("a closed sandbox", () => {
  it("is E_DISPOSED for everything but closing", async () => {
    const sandbox = await Sandbox.create({ module: moduleOf("scalars") });
    const session = sandbox.session();
    sandbox.close();
    sandbox.close();
    for (const attempt of [
      () => sandbox.call("count"),
      () => sandbox.callBytes("x"),
      () => sandbox.session(),
      () => sandbox.run(),
      () => sandbox.stats(),
      () => session.call("count"),
    ]) {
      expect((await errorOf(attempt)).code).toBe("E_DISPOSED");
    }
    session.finish();
    expect(session.open).toBe(false);
  });

  it("leaves other sandboxes of the module alone", async () => {
    const first = await Sandbox.create({ module: moduleOf("scalars") });
    await using second = await Sandbox.create({ module: moduleOf("scalars") });
    first.close();
    expect(second.call("count")).toBe(1);
  });
});
