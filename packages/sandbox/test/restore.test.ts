import { testDirtyLog } from "@twinwall/vmm-kvm";
import { describe, expect, it } from "vitest";
import { Sandbox } from "../src/index.js";
import { machine, needsMachine } from "./support/machine.js";
import { assemble } from "./support/modules.js";

needsMachine();

const PAGE = 65_536;

/** A guest that may write `pages` Wasm pages, and has written something in each of them when it is ready. */
function guestOf(pages: number): Uint8Array {
  const data = Array.from({ length: pages }, (_, page) => `(data (i32.const ${page * PAGE + 8}) "old")`);
  return assemble(`(module
    (memory (export "memory") ${pages})
    ${data.join("\n")}
    (func (export "read") (param i32) (result i32) (i32.load (local.get 0)))
    (func (export "write") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
    (func (export "fill") (param i32) (memory.fill (i32.const 0) (local.get 0) (i32.const ${pages * PAGE})))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`);
}

describe("restores", () => {
  it("of a small guest copy all that it can write", async () => {
    using sandbox = await Sandbox.create({ module: guestOf(1) });
    for (let round = 0; round < 8; round++) sandbox.call("write", 8, round);
    const { restoreStrategy, restoredBytes, writableBytes } = sandbox.stats();
    expect(restoreStrategy).toBe("copy");
    if (machine === "kvm") expect(restoredBytes).toBe(writableBytes);
  });

  it("of a large one put back what it wrote, where that is cheaper", async (context) => {
    context.skip(machine === "soft", "the soft machine copies always");
    // Here every machine waits for this test; elsewhere it runs beside the first calls.
    expect(testDirtyLog()).toMatch(/the log costs \d+ ns and \d+ ns a page/);
    using sandbox = await Sandbox.create({ module: guestOf(512), limits: { memory: "64MiB" } });
    const old = sandbox.call("read", 8 + 77 * PAGE);
    for (let round = 1; round <= 40; round++) {
      sandbox.call("write", 8 + (round % 500) * PAGE, round);
      expect(sandbox.call("read", 8 + (round % 500) * PAGE)).toBe(old);
    }
    const { restoreStrategy, restoredBytes, writableBytes } = sandbox.stats();
    expect(restoreStrategy).toBe("dirty-log");
    expect(writableBytes).toBeGreaterThan(512 * PAGE);
    expect(restoredBytes).toBeLessThan(1 << 20);
  });

  it("leave nothing of a guest that wrote everything, by whichever strategy", async () => {
    using sandbox = await Sandbox.create({ module: guestOf(256), limits: { memory: "64MiB" } });
    const places = [8, 8 + 100 * PAGE, 8 + 255 * PAGE, 200 * PAGE];
    const old = places.map((place) => sandbox.call("read", place));
    for (let round = 0; round < 24; round++) {
      sandbox.call(round % 3 === 0 ? "fill" : "read", round + 1);
      expect(places.map((place) => sandbox.call("read", place))).toEqual(old);
    }
  });

  it("leave nothing of memory that grew", async () => {
    using sandbox = await Sandbox.create({ module: guestOf(64), limits: { memory: "64MiB" } });
    for (let round = 0; round < 24; round++) {
      {
        using session = sandbox.session();
        expect(session.call("grow", 32)).toBe(64);
        expect(session.call("read", 70 * PAGE)).toBe(0);
        session.call("write", 70 * PAGE, 1 + round);
      }
      expect(sandbox.call("grow", 0)).toBe(64);
    }
  });
});
