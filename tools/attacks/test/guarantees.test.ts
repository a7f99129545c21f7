import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { guarantees } from "../src/guarantees.js";
import { attacks } from "../src/list.js";

const root = new URL("../../../", import.meta.url);

describe("what stands behind a promise", () => {
  test.each(Object.entries(guarantees))("%s: is there", (id, { core, tests }) => {
    for (const [file, name] of tests) expect(readFileSync(new URL(file, root), "utf8"), file).toContain(name);
    const behind = attacks.filter((attack) => (attack.guarantees as readonly string[]).includes(id));
    expect(core.length + tests.length + behind.length).toBeGreaterThan(0);
  });

  test("attacks have names of their own", () => {
    expect(new Set(attacks.map(({ id }) => id)).size).toBe(attacks.length);
  });
});
