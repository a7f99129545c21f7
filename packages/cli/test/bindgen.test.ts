import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { WitType, World } from "@twinwall/abi";
import { afterAll, describe, expect, it } from "vitest";
import { worldDeclarations } from "../src/bindgen/typescript.js";
import { twinwall } from "./support/cli.js";

const directory = mkdtempSync(join(tmpdir(), "twinwall-bindgen-"));
afterAll(() => rmSync(directory, { recursive: true }));

const sandboxTests = fileURLToPath(new URL("../../sandbox/test/", import.meta.url));

describe("twinwall bindgen", () => {
  it("writes the declarations that the type tests of the sandbox use", async () => {
    const wit = join(sandboxTests, "modules/calc.wit");
    const { status, stdout } = await twinwall(["bindgen", wit, "-o", directory]);
    expect([status, stdout.toString()]).toEqual([
      0,
      expect.stringContaining("interface Calc, for Sandbox.create<Calc>"),
    ]);
    expect(stdout.toString()).toContain(`wit-bindgen c ${wit} --world calc --out-dir bindings`);
    const written = readFileSync(join(directory, "calc.d.ts"), "utf8");
    expect(written).toBe(readFileSync(join(sandboxTests, "generated/calc.d.ts"), "utf8"));
  });

  it("says where a world is wrong", async () => {
    const wit = join(directory, "bad.wit");
    writeFileSync(wit, "package a:b;\nworld w {\n  export f: fnc();\n}\n");
    const { status, stderr } = await twinwall(["bindgen", wit, "-o", directory]);
    expect([status, stderr.toString()]).toEqual([
      3,
      `twinwall: E_BAD_MODULE: ${wit}:3:16: expected ';', found '('\n`,
    ]);
  });

  it("asks for a world where there are several, and for files where there are none", async () => {
    const wit = join(directory, "two.wit");
    writeFileSync(wit, "package a:b;\nworld one { export f: func(); }\nworld two {}\n");
    expect((await twinwall(["bindgen", wit, "-o", directory])).status).toBe(3);
    expect((await twinwall(["bindgen", wit, "-o", directory, "--world", "one"])).status).toBe(0);
    expect(readFileSync(join(directory, "one.d.ts"), "utf8")).toContain("    f(): void;\n");
    const empty = mkdtempSync(join(directory, "empty-"));
    expect((await twinwall(["bindgen", empty, "-o", directory])).status).toBe(2);
    expect((await twinwall(["bindgen", join(directory, "absent.wit")])).status).toBe(3);
  });
});

describe("declarations", () => {
  const u8: WitType = { kind: "u8" };
  const world = (result: WitType, docs?: string): World => ({
    name: "a:b/some-world@1.0.0",
    resources: [],
    imports: [],
    exports: [
      {
        name: "f",
        interfaceName: undefined,
        parameters: [{ name: "new", type: u8 }],
        result,
        ...(docs !== undefined && { docs }),
      },
    ],
  });

  it.each<[string, WitType]>([
    ["Uint8Array", { kind: "list", element: u8 }],
    ["Array<string>", { kind: "list", element: { kind: "string" } }],
    ["number | undefined", { kind: "option", value: u8 }],
    [
      '{ tag: "none"; val?: undefined } | { tag: "some"; val: number | undefined }',
      { kind: "option", value: { kind: "option", value: u8 } },
    ],
    ["[number, bigint]", { kind: "tuple", items: [u8, { kind: "s64" }] }],
    ["void", { kind: "result", ok: undefined, error: u8 }],
  ])("have the type %s", (expected, type) => {
    expect(worldDeclarations(world(type))).toContain(`    f(new_: number): ${expected};\n`);
  });

  it("keep types of one name apart, and comments closed", () => {
    const color = (...cases: string[]): WitType => ({ kind: "enum", name: "color", cases });
    const both = worldDeclarations(world({ kind: "tuple", items: [color("a"), color("b")] }, "a */ b"));
    expect(both).toContain('export type Color = "a";');
    expect(both).toContain('export type Color2 = "b";');
    expect(both).toContain("/** a *\\/ b */");
    expect(both).toContain("export interface SomeWorld {");
  });
});
