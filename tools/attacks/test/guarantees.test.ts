import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { guarantees } from "../src/guarantees.js";
import { attacks } from "../src/list.js";
import { coreCrate, rustTests, testsOf } from "../src/rust-tests.js";

const root = new URL("../../../", import.meta.url);
const inCore = rustTests(coreCrate);

describe("what stands behind a promise", () => {
  test.each(Object.entries(guarantees))("%s: is there", (id, { core, tests }) => {
    for (const [file, name] of tests) expect(readFileSync(new URL(file, root), "utf8"), file).toContain(name);
    for (const name of core) expect(inCore).toContain(name);
    const behind = attacks.filter((attack) => (attack.guarantees as readonly string[]).includes(id));
    expect(core.length + tests.length + behind.length).toBeGreaterThan(0);
  });

  test.each(attacks)("$id: its tests of the core are there", ({ core }) => {
    for (const name of core) expect(inCore).toContain(name);
  });

  test("attacks have names of their own", () => {
    expect(new Set(attacks.map(({ id }) => id)).size).toBe(attacks.length);
  });
});

describe("tests in Rust", () => {
  test("have the names of their files, modules and macros", () => {
    const text = [
      "macro_rules! attacks {",
      "    ($($name:ident: $code:ident;)*) => {$(",
      "        #[test]",
      "        fn $name() {}",
      "    )*};",
      "}",
      "fn between() {}",
      "attacks! {",
      "    a_row: Loop;",
      "}",
      "fn helper() {}",
      "#[test]",
      '#[ignore = "slow"]',
      "fn first() {",
      "}",
      "#[cfg(test)]",
      "mod inner {",
      "    #[test]",
      "    fn second() {",
      "    }",
      "    fn helper() {}",
      "}",
      "// #[test]",
      "fn not_one() {}",
    ];
    expect(testsOf(text.join("\n"), ["tests", "hostile"])).toEqual([
      "tests::hostile::a_row",
      "tests::hostile::first",
      "tests::hostile::inner::second",
    ]);
  });

  test("that are not there are not found", () => {
    expect(inCore.size).toBeGreaterThan(100);
    for (const name of ["tests::hostile::survive", "tests::hostile::no_such_test", "hostile"])
      expect(inCore).not.toContain(name);
  });
});
